/** How many tests came out how. */
export type Outcome = { readonly passed: number; readonly failed: number; readonly skipped: number };

export const none: Outcome = { passed: 0, failed: 0, skipped: 0 };

export const add = (a: Outcome, b: Outcome): Outcome => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
});

/** `N passed, N failed`, and `, N skipped` where there are any. */
export const summary = ({ passed, failed, skipped }: Outcome): string =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
