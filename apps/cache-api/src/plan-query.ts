import { ProblemException } from './problem.filter.js';

export interface PlanQuery {
  readonly upstream: string;
  /** Undefined: what the background may spend now. */
  readonly rates: readonly number[] | undefined;
  readonly freshness: readonly number[];
}

const MOST_ASKED = 10;
const HIGHEST_RATE = 1_000_000;
const USUAL_FRESHNESS = [0.9, 0.95, 0.99];

/** @throws ProblemException */
export function planQueryOf({ upstream, rate, freshness, ...rest }: Record<string, unknown>): PlanQuery {
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined)
    throw invalid(`expected ?upstream=, and if you like rate= and freshness=; found ${unknown}=`);
  if (typeof upstream !== 'string' || upstream === '')
    throw invalid(`upstream: expected the id of one, such as ?upstream=crm; found ${JSON.stringify(upstream ?? null)}`);
  return {
    upstream,
    rates: rate === undefined ? undefined : numbersOf('rate', rate, ratesExpected),
    freshness: freshness === undefined ? USUAL_FRESHNESS : numbersOf('freshness', freshness, sharesExpected),
  };
}

interface Expected {
  readonly text: string;
  isFit(value: number): boolean;
}

const ratesExpected: Expected = {
  text: `calls per second above 0 such as 20,50,100 (at most ${MOST_ASKED} of them, each at most ${HIGHEST_RATE})`,
  isFit: (value) => value > 0 && value <= HIGHEST_RATE,
};
const sharesExpected: Expected = {
  text: `shares between 0 and 1 such as 0.9,0.95 (at most ${MOST_ASKED} of them)`,
  isFit: (value) => value > 0 && value < 1,
};

function numbersOf(name: string, given: unknown, { text, isFit }: Expected): number[] {
  const parts = typeof given === 'string' ? given.split(',').map((part) => part.trim()) : [];
  const numbers = parts.filter((part) => /^\d*\.?\d+$/.test(part)).map(Number);
  const isWhole = numbers.length === parts.length && parts.length > 0 && parts.length <= MOST_ASKED;
  if (isWhole && numbers.every(isFit)) return numbers;
  throw invalid(`${name}: expected ${text}; found ${JSON.stringify(given)}`);
}

function invalid(detail: string): ProblemException {
  return new ProblemException({ code: 'invalid_input', detail });
}
