/** 2 MiB: with a million URLs in it, one of 400 others looks as if it were in too. */
const BITS = 2 ** 24;
const DIGITS_A_PLACE = 6;
const PLACES = 4;

/** Which URLs something may be stored of: a Bloom filter. Never says no of what was added; says yes of a few that were not. */
export class UrlFilter {
  private readonly bytes = new Uint8Array(BITS / 8);

  /** False when it looked so before. */
  add(urlHash: string): boolean {
    let isNew = false;
    for (let n = 0; n < PLACES; n += 1) {
      const place = placeOf(urlHash, n);
      const byte = this.bytes[place >> 3] ?? 0;
      const bit = 1 << (place & 7);
      if ((byte & bit) === 0) isNew = true;
      this.bytes[place >> 3] = byte | bit;
    }
    return isNew;
  }

  mayHave(urlHash: string): boolean {
    for (let n = 0; n < PLACES; n += 1) {
      const place = placeOf(urlHash, n);
      if (((this.bytes[place >> 3] ?? 0) & (1 << (place & 7))) === 0) return false;
    }
    return true;
  }
}

/** The hash is one of SHA-256: any of its digits are as good as another hash. */
function placeOf(urlHash: string, n: number): number {
  return Number.parseInt(urlHash.slice(n * DIGITS_A_PLACE, (n + 1) * DIGITS_A_PLACE), 16);
}
