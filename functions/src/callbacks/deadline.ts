/**
 * What `work` comes to, or an error where that takes longer than `ms` milliseconds. The work itself is not called off: a
 * commit that gets through after all is found as a duplicate when the sender tries again.
 */
export function withinDeadline<T>(work: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Error(`The database did not answer within ${ms} ms.`));
    const timer = setTimeout(late, ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
