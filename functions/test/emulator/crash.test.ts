import { createHash, randomUUID } from "node:crypto";
import type { Firestore } from "firebase-admin/firestore";
import { outcomeRef, pendingWebhooks, readPendingWebhook } from "../../src/tasks/pending-webhook.ts";
import { type CrashPlan, crashingDeps } from "../support/crashing-deps.ts";
import { type Answer, type IncomingCall, startService } from "../support/recording-service.ts";
import { live, type Recovery, submissionByDocument, submissionOverHttp } from "../support/task-life.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

// A database of its own for each test: a query of the emulator looks through the whole collection.
let db: Firestore;
beforeEach(() => {
  db = newTestFirestore();
});
afterEach(() => db.terminate());

interface Scenario {
  readonly by: "http" | "document";
  readonly mode: "callback" | "sync";
  /** The first call of each task is answered 503. */
  readonly busyAtFirst: boolean;
  /** The result is too large for its document. */
  readonly large: boolean;
}

const callingBack = { by: "http", mode: "callback", busyAtFirst: false, large: false } as const;
/** What is submitted and how, and, beside a repetition at once, what becomes of what crashed. */
const scenarios: [string, Scenario, ...Recovery[]][] = [
  ["over HTTP, to a service that calls back", callingBack, "last", "never"],
  ["over HTTP, to a service that is busy at first", { ...callingBack, busyAtFirst: true, large: true }, "never"],
  ["over HTTP, to a service in sync mode", { ...callingBack, mode: "sync", large: true }],
  ["by a document, to a service that calls back", { ...callingBack, by: "document", large: true }, "last"],
  ["by a document, to a service in sync mode", { ...callingBack, by: "document", mode: "sync", busyAtFirst: true }],
];
const livesAtOnce = 6;
const cases = scenarios.flatMap(([name, scenario, ...recoveries]) => [
  [name, "failure at", "at once", scenario] as const,
  ...(["at once", ...recoveries] as const).flatMap((recovery) =>
    (["crash before", "crash after"] as const).map((how) => [name, how, recovery, scenario] as const),
  ),
]);

test.each(cases)(
  "submitted %s, a task survives a %s every step, repeated %s",
  async (_name, how, recovery, scenario) => {
    const { steps } = await lifeWithCrash(scenario, { at: Number.POSITIVE_INFINITY, how }, recovery);
    const kinds = ["batchGetDocuments", "commit", "enqueue", "send", ...(scenario.large ? ["keepJson"] : [])];
    expect(new Set(steps)).toEqual(new Set(kinds));
    for (let at = 1, crashed = true; crashed; at += livesAtOnce) {
      const lives = Array.from({ length: livesAtOnce }, (_, i) =>
        lifeWithCrash(scenario, { at: at + i, how }, recovery),
      );
      crashed = (await Promise.all(lives)).every((life) => life.crashed);
      if (!crashed) expect(at + livesAtOnce).toBeGreaterThan(steps.length);
    }
  },
  30_000,
);

/** One task from its submission to its end, with that crash; expects everything that must hold however it went. */
async function lifeWithCrash(scenario: Scenario, plan: CrashPlan, recovery: Recovery) {
  const name = randomUUID();
  const deps = createTestDeps(db);
  const result = scenario.large ? { text: "x".repeat(300_000) } : { text: "short" };
  const report = { status: "success", resultUrl: "https://cdn.example.com/a.mp4", result, metadata: { fps: 24 } };
  const answer = (_call: IncomingCall, n: number): Answer => {
    if (scenario.busyAtFirst && n === 1) return { status: 503 };
    return scenario.mode === "sync" ? { status: 200, body: report } : { status: 202 };
  };
  const service = await startService(answer);
  await db.doc(`services/${name}`).set({ url: service.url, mode: scenario.mode });
  const hash = createHash("sha256").update(name).digest("hex");
  await db.doc(`apiKeys/${hash}`).set({ ownerId: name, scopes: ["tasks:write"] });
  const userId = scenario.by === "http" ? `user-of-${name}` : name;
  const people = scenario.by === "http" ? [userId] : [userId, `${name}-f1`, `${name}-f2`];
  const taskDocument = db.doc(`tasks/${name}`);
  const { start, steps } = crashingDeps(deps, plan);

  let submission = submissionOverHttp(name, name);
  if (scenario.by === "document") {
    await taskDocument.set({ service: name, userId, followers: people.slice(1), metadata: { n: 1 } });
    submission = submissionByDocument(await taskDocument.get());
  }
  const life = { deps, ownerId: name, submission, calls: service.calls, start, recovery };
  const jobs = await live(scenario.mode === "sync" ? life : { ...life, report });
  const crashed = steps.length >= plan.at;
  const stepsTaken = [...steps];
  const callsMade = service.calls.length;
  await expectEnd();
  // At least once: everything may come once more, and nothing changes.
  for (const job of jobs) await job.run(deps);
  await expectEnd();
  return { crashed, steps: stepsTaken };

  async function expectEnd() {
    const { docs } = await pendingWebhooks(db).where("ownerId", "==", name).get();
    expect(docs).toHaveLength(1);
    const [document] = docs;
    const id = document?.id ?? "";
    const task = readPendingWebhook(document?.data() ?? {});
    expect(task).toMatchObject({ status: "completed", resultUrl: report.resultUrl, metadata: { n: 1 } });
    expect(task.resultMetadata).toEqual({ fps: 24 });
    expect(scenario.large ? JSON.parse([...deps.kept.values()][0] ?? "null") : task.result).toEqual(result);
    expect(deps.kept.size).toBe(scenario.large ? 1 : 0);
    expect((await outcomeRef(db, id).get()).data()).toMatchObject({
      status: "completed",
      resolutions: 0,
      conflicts: 0,
    });
    expect((await db.collection(`pendingWebhooks/${id}/callbacks`).get()).size).toBe(0);

    const types = task.history.map(({ type }) => type);
    expect(types.filter((type) => type === "task.completed")).toHaveLength(1);
    expect(types.length).toBeLessThanOrEqual(scenario.mode === "sync" ? 1 : 2);
    for (const person of people) {
      const notifications = await db.collection(`users/${person}/notifications`).get();
      expect(notifications.docs.map((one) => one.data())).toMatchObject([{ correlationId: id, status: "completed" }]);
    }
    if (scenario.by === "document") {
      const comments = await taskDocument.collection("comments").get();
      expect(comments.docs.map((comment) => comment.data())).toMatchObject([
        { correlationId: id, status: "completed" },
      ]);
      expect((await taskDocument.get()).data()?.webhook).toMatchObject({ correlationId: id, status: "completed" });
    }

    expect(service.calls).toHaveLength(callsMade);
    expect(new Set(service.calls.map(({ headers }) => headers["idempotency-key"]))).toEqual(new Set([id]));
    const needed = scenario.busyAtFirst ? 2 : 1;
    expect(callsMade).toBeGreaterThanOrEqual(needed);
    expect(callsMade).toBeLessThanOrEqual(needed + (crashed ? 1 : 0));
    expect(task.attempts.length).toBeLessThanOrEqual(callsMade);
    if (!crashed) expect(task.attempts).toHaveLength(callsMade);
    const answered = service.calls.map(({ status }) => status);
    for (const { statusCode } of task.attempts) expect(answered).toContain(statusCode);
  }
}
