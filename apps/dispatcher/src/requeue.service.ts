import { again, done } from '#bus';
import type { Bus, Publisher, Verdict } from '#bus';
import { bucketOf, DEFAULT_BUCKET } from '#contracts';
import type { ControlWork, FetchWork, UpstreamConfig } from '#contracts';

const TRY_AGAIN_MS = 500;

export interface RequeueOptions {
  readonly bus: Bus;
  readonly publisher: Publisher;
  readonly config: UpstreamConfig;
}

/**
 * Puts given-up work among the fetches, in the lane of what someone asked for: orders come first, but a call is paid like any other.
 * Where the same is to be fetched already, that fetch does for both.
 */
export async function requeue(
  order: Extract<ControlWork, { kind: 'requeue' }>,
  { bus, publisher, config }: RequeueOptions,
): Promise<Verdict> {
  const { fetch, letter, id, traceparent } = order;
  const work: FetchWork = { ...publisher.envelope({ cause: id, traceparent }), ...fetch, lane: 'soon', letter };
  const bucket = bucketOf(config.limits.buckets, fetch.path) ?? DEFAULT_BUCKET;
  const verdict = await publisher.publishWork(bus.subjects.fetch('soon', config.id, bucket, fetch.key), work);
  return verdict === 'stored' || verdict === 'already-pending' ? done : again(TRY_AGAIN_MS);
}
