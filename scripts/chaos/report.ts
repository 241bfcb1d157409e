import { finalStatuses } from "../../functions/src/domain/task-state.ts";
import { functionNames } from "./adversary.ts";
import type { Finding } from "./audit/audit.ts";
import type { Run } from "./run.ts";
import { logFile } from "./run-log.ts";

const shownOffenders = 5;

/** How much of what went wrong, and how much of what came of it. */
export function describeFigures({ world, evidence, figures }: Run): string {
  const { fleet, courier, queue } = world;
  const { files, callbacks, receipts, deliveries, calls, application } = evidence;
  const count = <T>(list: readonly T[], is: (item: T) => boolean) => list.filter(is).length;
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  const answered = (status: number) =>
    count(callbacks, (callback) => callback.report !== "forged" && callback.status === status);
  const byFunction = functionNames.map((name) => `${name} ${fleet.figures.kills[name]}+${fleet.figures.stalls[name]}`);
  const delivered = count(deliveries, ({ data }) => data.status === "delivered");
  const dead = count(deliveries, ({ data }) => data.status === "dead");
  const recorded = sum(deliveries.map(({ data }) => data.attempts.length));
  const lines: (readonly [string, string])[] = [
    [
      "tasks",
      `${files.length}: ${finalStatuses.map((status) => `${count(files, ({ task }) => task.status === status)} ${status}`).join(", ")}`,
    ],
    [
      "processes",
      `${sum(Object.values(fleet.figures.kills))} killed, ${sum(Object.values(fleet.figures.stalls))} frozen and replaced, ${fleet.figures.interrupted} requests interrupted`,
    ],
    ["", `(${byFunction.join(", ")})`],
    ["database", `paused ${figures.pauses.length} times, ${(sum([...figures.pauses]) / 1_000).toFixed(1)} s in all`],
    [
      "events and orders",
      `${courier.figures.brought} brought, ${courier.figures.again} of them twice, ${courier.figures.failed} attempts in vain`,
    ],
    [
      "queue",
      `${queue.figures.queued} orders; refused ${queue.figures.refused}, took ${queue.figures.answersLost} without saying so, knew ${queue.figures.duplicates} already`,
    ],
    ["API", `${application.repeated} requests sent again`],
    [
      "calls to services",
      `${calls.length}, ${count(calls, ({ answered: status }) => status === null)} of them without an answer`,
    ],
    [
      "callbacks",
      `${count(callbacks, ({ report }) => report !== "forged")}: ${answered(200)} taken, ${answered(409)} contradictions and ${answered(410)} late ones refused and kept; ${sum(callbacks.map(({ tries }) => tries - 1))} sent again`,
    ],
    ["", `${count(callbacks, (callback) => callback.answer?.duplicate === true)} were told that they are duplicates`],
    ["forgeries", `${count(callbacks, ({ report }) => report === "forged")}, all refused`],
    [
      "deliveries",
      `${deliveries.length}: ${delivered} delivered, ${dead} dead, in ${recorded} attempts on record and ${receipts.length} requests`,
    ],
    ["sweeps", `${figures.sweeps.done}, and ${figures.sweeps.failed} that failed`],
    ["time", `${figures.seconds.underFire} s under fire, ${figures.seconds.toRest} s to come to rest`],
  ];
  return lines.map(([what, how]) => `  ${what.padEnd(18)} ${how}`).join("\n");
}

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
