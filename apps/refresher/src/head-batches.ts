import type { EntryHead } from '#store';

export interface HeadBatchesOptions {
  readHeads(keys: readonly string[]): Promise<EntryHead[]>;
  /** Calls back once, after the time. */
  after(delayMs: number, call: () => void): void;
}

const GATHER_MS = 25;
const MOST_KEYS = 200;

interface Batch {
  readonly keys: Set<string>;
  readonly heads: Promise<Map<string, EntryHead>>;
  send(): void;
}

/** Many questions within a few milliseconds become one select. */
export class HeadBatches {
  #open: Batch | undefined;

  constructor(private readonly options: HeadBatchesOptions) {}

  async headOf(key: string): Promise<EntryHead | undefined> {
    const batch = this.#open ?? this.#begin();
    batch.keys.add(key);
    if (batch.keys.size >= MOST_KEYS) batch.send();
    return (await batch.heads).get(key);
  }

  #begin(): Batch {
    const keys = new Set<string>();
    let send = (): void => undefined;
    const sent = new Promise<void>((resolve) => (send = resolve));
    const batch: Batch = {
      keys,
      heads: sent.then(() => this.#read([...keys])),
      send: () => {
        if (this.#open === batch) this.#open = undefined;
        send();
      },
    };
    this.#open = batch;
    this.options.after(GATHER_MS, () => batch.send());
    return batch;
  }

  async #read(keys: readonly string[]): Promise<Map<string, EntryHead>> {
    const heads = await this.options.readHeads(keys);
    return new Map(heads.map((head) => [head.key, head]));
  }
}
