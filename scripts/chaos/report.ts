import type { Finding } from "./audit/audit.ts";
import { logFile } from "./run-log.ts";

const shownOffenders = 5;

/** Each invariant, and who offends against it. */
export function describeFindings(findings: readonly Finding[]): string {
  return findings
    .flatMap(({ name, offenders }) => {
      if (offenders.length === 0) return [`  holds     ${name}`];
      const shown = offenders.slice(0, shownOffenders).map((offender) => `              ${offender}`);
      const more = offenders.length - shown.length;
      return [
        `  VIOLATED  ${name}: ${offenders.length}`,
        ...shown,
        ...(more > 0 ? [`              … and ${more} more`] : []),
      ];
    })
    .join("\n");
}

/** The end of the report, after `violated` invariants. */
export function describeVerdict(violated: number, seed: number, tasks: number): string {
  if (violated === 0) return "Everything holds.";
  return (
    `${violated === 1 ? "One invariant is" : `${violated} invariants are`} violated. The same decisions again: ` +
    `npm run chaos -- --seed ${seed} --tasks ${tasks}\nWhat the processes printed is in ${logFile}`
  );
}
