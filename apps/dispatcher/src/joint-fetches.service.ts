import { inJointCalls, jointRulesOf } from '#contracts';
import type { JointRule, UpstreamConfig } from '#contracts';
import type { Clock, Logger } from '#runtime';
import type { AnswersService } from './answers.service.js';
import type { DispatchLoop } from './dispatch-loop.service.js';
import { costEach } from './fetch-facts.js';
import type { AnsweredEnd, Asker, Flight, FlightEnd } from './flight.js';
import type { KnownEntries } from './known-entries.js';
import { isMoot } from './overtaken.js';
import { ownOrder } from './own-order.js';
import { RuleRests } from './rule-rests.js';
import { partOf, splitOf } from './split-parts.js';

export interface JointFetchesOptions {
  readonly config: Pick<UpstreamConfig, 'id' | 'baseUrl' | 'refresh'>;
  readonly known: Pick<KnownEntries, 'get' | 'isStale'>;
  readonly loop: Pick<DispatchLoop, 'ask'>;
  readonly answers: Pick<AnswersService, 'keepPart'>;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'warn'>;
}

/**
 * Background work that one call brings together. Whoever asks for one of the resources is an asker as for a call of its own, with an end of
 * its own; here they are behind one asker of one flight.
 *
 * - answered, and taken apart: each of whom something was said has that for an answer; the others are asked for alone, each by a call that
 *   is answered for it (it may be a 404).
 * - answered with what cannot be taken apart (a 400, a page of HTML, too large to be kept): all are asked for alone. A rule of which that is
 *   true several times in a row rests for a while.
 * - answered with a 5xx when its retries are used up, or failed: so is each, as it would have been alone.
 * - throttled, put back, handed over: as any flight.
 */
export class JointFetches {
  private readonly rules: readonly JointRule[];
  private readonly rests: RuleRests;

  constructor(private readonly options: JointFetchesOptions) {
    this.rules = jointRulesOf(options.config.refresh.together);
    this.rests = new RuleRests(options.clock, (match, reason) =>
      options.logger.warn(
        { upstream: options.config.id, match, reason },
        'what refresh.together says is of no use now: its resources are fetched one by one for a while',
      ),
    );
  }

  /** `match` names the rule; a configuration that has it no more has them fetched one by one. */
  ask(askers: readonly Asker[], match: string | undefined): void {
    const rule = this.rules.find(({ config }) => config.match === match);
    if (rule === undefined || this.rests.isResting(rule.config.match)) return this.askAlone(askers);
    const fitting = askers.filter((asker) => !isMoot(asker, this.options.known) && isFor(rule, asker));
    this.askAlone(askers.filter((asker) => !fitting.includes(asker)));
    const items = fitting.map((asker) => ({ path: asker.order.path, asker }));
    for (const call of inJointCalls(items, rule))
      this.askTogether(
        call.map(({ asker }) => asker),
        rule,
      );
  }

  private askTogether(askers: readonly Asker[], rule: JointRule): void {
    const [first] = askers;
    if (first === undefined || askers.length === 1) return this.askAlone(askers);
    const ids = new Set(askers.map(({ order }) => rule.idOf(order.path) ?? ''));
    // The fields are those by which each would be asked for.
    const call = { path: rule.callFor([...ids]), fields: first.order.fields, cost: rule.config.cost };
    this.options.loop.ask({
      id: `${first.id}.together`,
      lane: first.lane,
      deadlineMs: Infinity,
      order: ownOrder(this.options.config, { ...call, joint: { askers } }),
      replaces: null,
      wantsBody: false,
      earlier: first.earlier,
      end: (end, flight) => this.ended(askers, rule, end, flight),
    });
  }

  private ended(askers: readonly Asker[], rule: JointRule, end: FlightEnd, flight: Flight | undefined): void {
    if (end.kind === 'answered' && flight !== undefined && end.status < 500)
      return this.answered(askers, rule, end, flight);
    if (end.kind === 'answered') this.rests.useless(rule.config.match, `status ${end.status}`);
    if (end.kind === 'failed' && end.code === 'answer_too_large') {
      this.rests.useless(rule.config.match, end.detail);
      return this.askAlone(askers);
    }
    for (const asker of askers) asker.end(end, flight);
  }

  private answered(askers: readonly Asker[], rule: JointRule, end: AnsweredEnd, flight: Flight): void {
    const { match } = rule.config;
    const split = splitOf(end, rule.config);
    if (split.kind === 'not-split') {
      this.rests.useless(match, split.reason);
      return this.askAlone(askers);
    }
    const { answers } = this.options;
    const cost = costEach(flight);
    const found = new Map(split.elements.map(({ id, text }) => [id, text]));
    const isFound = (asker: Asker): boolean => found.has(rule.idOf(asker.order.path) ?? '');
    if (askers.some(isFound)) this.rests.useful(match);
    else this.rests.useless(match, 'none of the ids that were asked for is in the answer');
    for (const asker of askers) {
      const text = found.get(rule.idOf(asker.order.path) ?? '');
      if (text === undefined) this.options.loop.ask(asker);
      else asker.end(answers.keepPart(asker.order, partOf(end, text), end.version, { cause: asker.id, cost }), flight);
    }
  }

  private askAlone(askers: readonly Asker[]): void {
    for (const asker of askers) this.options.loop.ask(asker);
  }
}

function isFor(rule: JointRule, { order }: Asker): boolean {
  return rule.idOf(order.path) !== undefined;
}
