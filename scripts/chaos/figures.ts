import { finalStatuses } from "../../functions/src/domain/task-state.ts";
import { functionNames } from "./adversary.ts";
import type { Evidence } from "./audit/evidence.ts";
import type { Run } from "./run.ts";

type Line = readonly [what: string, how: string];

/** How much went wrong, and how much came of it: one line each. */
export function describeFigures(run: Run): string {
  const lines = [...whatHappened(run), ...tasksAndCallbacks(run.evidence), ...deliveries(run.evidence)];
  return lines.map(([what, how]) => `  ${what.padEnd(18)} ${how}`).join("\n");
}

/** What the adversary did. */
function whatHappened({ world, evidence, figures }: Run): Line[] {
  const { kills, stalls, interrupted } = world.fleet.figures;
  const { courier, queue } = world;
  const { queued, refused, answersLost, duplicates } = queue.figures;
  const { underFire, toRest } = figures.seconds;
  const each = functionNames.map((name) => `${name} ${kills[name]} + ${stalls[name]}`).join(", ");
  const killed = sum(Object.values(kills));
  const frozen = sum(Object.values(stalls));
  return [
    ["time", `${underFire} s under fire, ${toRest} s to come to rest`],
    ["processes", `${killed} killed + ${frozen} frozen and replaced, with ${interrupted} requests under way`],
    ["", each],
    ["database", `paused ${figures.pauses.length} times, for ${(sum(figures.pauses) / 1_000).toFixed(1)} s in all`],
    [
      "events, orders",
      `${courier.figures.brought} brought, ${courier.figures.again} twice, ${courier.figures.failed} tries in vain`,
    ],
    [
      "queue",
      `${queued} orders; ${refused} refused, ${answersLost} taken without an answer, ${duplicates} known already`,
    ],
    ["API", `${evidence.application.repeated} requests sent again`],
    ["sweeps", `${figures.sweeps.done} done, ${figures.sweeps.failed} failed`],
  ];
}

function tasksAndCallbacks({ files, calls, callbacks }: Evidence): Line[] {
  const byStatus = finalStatuses.map((status) => `${count(files, ({ task }) => task.status === status)} ${status}`);
  const real = callbacks.filter(({ report }) => report !== "forged");
  const forged = callbacks.filter(({ report }) => report === "forged");
  const answered = (...statuses: number[]) => count(real, ({ status = 0 }) => statuses.includes(status));
  const duplicate = count(real, ({ status, answer }) => status === 200 && answer?.duplicate === true);
  const refused = count(forged, ({ status }) => status === 401 || status === 400);
  const withoutAnswer = count(calls, (call) => call.answered === null);
  return [
    ["tasks", `${files.length}: ${byStatus.join(", ")}`],
    ["calls", `${calls.length} to services, ${withoutAnswer} of them without an answer`],
    [
      "callbacks",
      `${real.length}, and ${sum(real.map(({ tries }) => tries - 1))} sent again: ${answered(200)} taken (${duplicate} as duplicates)`,
    ],
    ["", `${answered(409)} contradictions and ${answered(410)} late ones refused and kept`],
    ["forged callbacks", `${forged.length}, ${refused} refused`],
  ];
}

function deliveries({ deliveries, receipts }: Evidence): Line[] {
  const ended = (status: string) => count(deliveries, ({ data }) => data.status === status);
  const attempts = sum(deliveries.map(({ data }) => data.attempts.length));
  const events = new Set(receipts.map(({ endpoint, webhookId }) => `${endpoint} ${webhookId}`)).size;
  return [
    [
      "deliveries",
      `${deliveries.length}: ${ended("delivered")} delivered, ${ended("dead")} dead, in ${attempts} attempts on record`,
    ],
    ["", `${receipts.length} requests, ${receipts.length - events} of them redeliveries`],
  ];
}

function count<T>(list: readonly T[], is: (item: T) => boolean): number {
  return list.filter(is).length;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
