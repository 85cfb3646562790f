import { draw, logNormal, normal } from './chance.js';
import type { ContentSpec } from './profile.js';

const SIZE_WORD = 11;
const TEXT_WORD = 12;
const STATE_WORD = 13;

const NOUNS = [
  'valve',
  'pump',
  'flange',
  'gasket',
  'turbine',
  'sluice',
  'weir',
  'intake',
  'spillway',
  'gauge',
  'coupling',
  'manifold',
];
const KINDS = ['steel', 'copper', 'brass', 'ceramic', 'rubber', 'cast iron', 'bronze', 'composite'];
const STATES = ['open', 'ordered', 'packed', 'shipped', 'delivered', 'returned', 'closed'];
const TOWNS = ['Utrecht', 'Bergen', 'Porto', 'Graz', 'Lyon', 'Turku', 'Gdansk', 'Cork'];

/** What an item says besides its id, version and time: the moving part changes with each version, the rest never. */
export class Content {
  constructor(
    private readonly seed: number,
    private readonly spec: ContentSpec,
  ) {}

  moving(id: number, revision: number): Record<string, unknown> {
    const part = (nth: number): number => draw(this.seed, STATE_WORD, id, revision, nth);
    return {
      status: pick(STATES, part(0)),
      amount: { value: Math.round(part(1) * 1_000_000) / 100, currency: 'EUR' },
      stock: Math.floor(part(2) * 5000),
      revision,
    };
  }

  still(id: number): Record<string, unknown> {
    const lines: object[] = [];
    const room = this.targetBytes(id) - 420;
    for (let used = 0, nth = 0; used < room; nth++) {
      const line = this.line(id, nth);
      lines.push(line);
      used += JSON.stringify(line).length + 1;
    }
    return { name: this.phrase(id, 0), owner: this.owner(id), tags: [this.word(id, 1), this.word(id, 2)], lines };
  }

  private targetBytes(id: number): number {
    const gauss = normal(draw(this.seed, SIZE_WORD, id, 0), draw(this.seed, SIZE_WORD, id, 1));
    const bytes = logNormal(this.spec.medianBytes, this.spec.sigma, gauss);
    return Math.min(this.spec.maxBytes, Math.max(this.spec.minBytes, bytes));
  }

  private owner(id: number): object {
    const number = Math.floor(draw(this.seed, TEXT_WORD, id, -1) * 900);
    return { id: number, email: `owner${number}@works.example`, town: pick(TOWNS, draw(this.seed, TEXT_WORD, id, -2)) };
  }

  private line(id: number, nth: number): object {
    const chance = draw(this.seed, TEXT_WORD, id, 100 + nth);
    return {
      sku: `SKU-${id}-${nth}`,
      title: this.phrase(id, 200 + nth),
      quantity: 1 + Math.floor(chance * 40),
      unitPrice: Math.round(chance * 90_000) / 100,
      remark: `${this.phrase(id, 300 + nth)} for ${pick(TOWNS, chance)}`,
    };
  }

  private phrase(id: number, nth: number): string {
    return `${pick(KINDS, draw(this.seed, TEXT_WORD, id, nth, 7))} ${this.word(id, nth)}`;
  }

  private word(id: number, nth: number): string {
    return pick(NOUNS, draw(this.seed, TEXT_WORD, id, nth));
  }
}

function pick(words: readonly string[], chance: number): string {
  return words[Math.floor(chance * words.length)] ?? '';
}
