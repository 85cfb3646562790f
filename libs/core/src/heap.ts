/** The place of one value in a heap: what is needed to take it out again, from anywhere, in O(log n). */
export interface HeapPlace<T> {
  readonly value: T;
  readonly key: number;
  readonly tie: number;
  at: number;
}

/** A binary heap, smallest key first; equal keys in the order of `tie`. */
export class Heap<T> {
  #places: HeapPlace<T>[] = [];

  get size(): number {
    return this.#places.length;
  }

  first(): HeapPlace<T> | undefined {
    return this.#places[0];
  }

  values(): T[] {
    return this.#places.map((place) => place.value);
  }

  add(value: T, key: number, tie: number): HeapPlace<T> {
    const place: HeapPlace<T> = { value, key, tie, at: this.#places.length };
    this.#places.push(place);
    this.#rise(place);
    return place;
  }

  remove(place: HeapPlace<T>): void {
    const last = this.#places.pop();
    if (last === undefined || last === place) return;
    last.at = place.at;
    this.#places[last.at] = last;
    this.#rise(last);
    this.#sink(last);
  }

  #rise(place: HeapPlace<T>): void {
    while (place.at > 0) {
      const parent = this.#places[(place.at - 1) >> 1];
      if (parent === undefined || !isBefore(place, parent)) return;
      this.#swap(place, parent);
    }
  }

  #sink(place: HeapPlace<T>): void {
    for (;;) {
      const left = this.#places[2 * place.at + 1];
      const right = this.#places[2 * place.at + 2];
      const child = left !== undefined && right !== undefined && isBefore(right, left) ? right : left;
      if (child === undefined || !isBefore(child, place)) return;
      this.#swap(child, place);
    }
  }

  #swap(upper: HeapPlace<T>, lower: HeapPlace<T>): void {
    [upper.at, lower.at] = [lower.at, upper.at];
    this.#places[upper.at] = upper;
    this.#places[lower.at] = lower;
  }
}

function isBefore<T>(a: HeapPlace<T>, b: HeapPlace<T>): boolean {
  return a.key < b.key || (a.key === b.key && a.tie < b.tie);
}
