/** The promise, or an error if it takes longer. The work itself goes on. */
export function within<T>(longestMs: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`expected an answer within ${longestMs} ms`)), longestMs);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
