import { Timestamp } from "firebase-admin/firestore";
import { fromStorable } from "../../src/domain/storable.ts";
import { dispatchTask } from "../../src/tasks/dispatch.ts";
import { submitTask } from "../../src/tasks/submit.ts";
import { startService } from "../support/recording-service.ts";
import { snapshotOf, submitted, taskRequest } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const deps = createTestDeps(newTestFirestore());
afterAll(() => deps.db.terminate());

const registerService = (name: string, parts: object) =>
  deps.db
    .collection("services")
    .doc(name)
    .set({ url: "https://worker.example.com/jobs", ...parts });

test("a submitted task is stored with exactly these fields", async () => {
  const before = deps.now();
  const id = await submitted(deps, {
    params: { size: "4k" },
    metadata: { title: "A" },
    followers: ["user-2"],
    priority: 4,
    callbackUrl: "https://app.example.com/hook",
    callbackFormat: "slack",
  });
  const stored = (await snapshotOf(deps, id)).data() ?? {};

  const { createdAt, expiresAt } = stored;
  expect(createdAt).toBeInstanceOf(Timestamp);
  expect(createdAt.toMillis()).toBeGreaterThanOrEqual(before);
  expect(createdAt.toMillis()).toBeLessThanOrEqual(deps.now());
  expect(expiresAt).toBe(createdAt.toMillis() + 300_000);
  expect(stored).toEqual({
    correlationId: id,
    ownerId: "owner-1",
    userId: "user-1",
    projectId: "project-1",
    objectId: null,
    assistantId: null,
    followers: ["user-2"],
    service: null,
    provider: "generic",
    mode: "callback",
    eventPrefix: "task",
    webhookUrl: "http://127.0.0.1:9/unused",
    sealedAuth: null,
    sealedSecret: null,
    prompt: "A lighthouse at dusk",
    params: { size: "4k" },
    metadata: { title: "A" },
    file: null,
    priority: 4,
    callbackUrl: "https://app.example.com/hook",
    callbackFormat: "slack",
    requestDigest: expect.stringMatching(/^[0-9a-f]{64}$/),
    retryOf: null,
    status: "pending",
    progress: null,
    createdAt,
    updatedAt: createdAt,
    initiatedAt: null,
    completedAt: null,
    timeoutSeconds: 300,
    heartbeatSeconds: null,
    expiresAt,
    maxRetries: 3,
    retryDelaySeconds: 1,
    attempts: [],
    nextAttemptAt: createdAt.toMillis(),
    rescues: 0,
    externalId: null,
    estimatedCompletion: null,
    resultUrl: null,
    result: null,
    resultMetadata: null,
    error: null,
    errorCode: null,
    lateCallback: null,
    history: [],
    sweepShard: expect.any(Number),
    sweepAt: createdAt.toMillis() + 120_000,
  });
});

test("the correlation id is a UUID, and a new one for each submission without a key", async () => {
  const ids = await Promise.all([submitted(deps), submitted(deps)]);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-[45][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(ids).size).toBe(2);
});

test("the request's time-out counts before the service's, and the service's before the configured one", async () => {
  await registerService("patient", { timeoutSeconds: 1_000 });
  const lifetime = async (parts: object) => {
    const { task } = await submitTask(deps, taskRequest(parts));
    return task.expiresAt - task.createdAt.toMillis();
  };
  expect(await lifetime({ worker: { service: "patient" }, timeoutSeconds: 20 })).toBe(20_000);
  expect(await lifetime({ worker: { service: "patient" } })).toBe(1_000_000);
  expect(await lifetime({})).toBe(300_000);
});

test("a service's defaults are taken over, its params below those of the request", async () => {
  await registerService("video", {
    url: "https://video.example.com/render",
    eventPrefix: "job",
    mode: "sync",
    heartbeatSeconds: 60,
    maxRetries: 0,
    retryDelaySeconds: 5,
    params: { size: "720p", codec: "av1" },
  });
  const { task } = await submitTask(deps, taskRequest({ worker: { service: "video" }, params: { size: "4k" } }));
  expect(task).toMatchObject({
    service: "video",
    webhookUrl: "https://video.example.com/render",
    eventPrefix: "job",
    mode: "sync",
    heartbeatSeconds: 60,
    maxRetries: 0,
    retryDelaySeconds: 5,
    params: { size: "4k", codec: "av1" },
  });
});

test("a service's params that Firestore holds only as text are merged like any other", async () => {
  await registerService("grid", { params: { $json: '{"points":[[1,2]],"size":"720p"}' } });
  const { task } = await submitTask(deps, taskRequest({ worker: { service: "grid" }, params: { size: "4k" } }));
  expect(fromStorable(task.params)).toEqual({ points: [[1, 2]], size: "4k" });
});

test("an unknown service is refused by name", async () => {
  await expect(submitTask(deps, taskRequest({ worker: { service: "nobody" } }))).rejects.toMatchObject({
    code: "unknown_service",
    status: 422,
    message: expect.stringContaining('"nobody"'),
    errors: [{ field: "service", message: expect.stringContaining("nobody") }],
  });
});

test("a service whose provider nobody speaks is refused", async () => {
  await registerService("exotic", { provider: "morse" });
  await expect(submitTask(deps, taskRequest({ worker: { service: "exotic" } }))).rejects.toMatchObject({
    code: "unknown_provider",
    status: 422,
    message: expect.stringContaining("morse"),
  });
});

test("a changed service counts within ten seconds", async () => {
  const url = async () => (await submitTask(deps, taskRequest({ worker: { service: "moving" } }))).task.webhookUrl;
  await registerService("moving", { url: "https://old.example.com/" });
  expect(await url()).toBe("https://old.example.com/");
  await registerService("moving", { url: "https://new.example.com/" });
  deps.advance(9_000);
  expect(await url()).toBe("https://old.example.com/");
  deps.advance(1_001);
  expect(await url()).toBe("https://new.example.com/");
});

test("a credential is nowhere in the stored document, but goes out with the call", async () => {
  const service = await startService(() => ({}));
  const auth = "Bearer top-secret-7f3a";
  const secret = Buffer.from("signing-secret-9b1c").toString("base64");
  await registerService("locked", {
    url: service.url,
    sealedAuth: deps.keys.seal(auth),
    sealedSecret: deps.keys.seal(secret),
  });
  for (const worker of [{ url: service.url, auth }, { service: "locked" }]) {
    const id = await submitted(deps, { worker });
    const stored = JSON.stringify((await snapshotOf(deps, id)).data());
    for (const part of ["top-secret-7f3a", secret, "signing-secret-9b1c"]) expect(stored).not.toContain(part);
    await dispatchTask(deps, { correlationId: id, attempt: 1 });
    expect(service.calls.at(-1)?.headers.authorization).toBe(auth);
  }
  expect(JSON.stringify(deps.logged)).not.toMatch(/top-secret|signing-secret/);
  expect(service.calls[1]?.headers["webhook-signature"]).toMatch(/^v1,/);
});

test("a credential that is sealed already is taken as it is", async () => {
  const sealed = deps.keys.seal("Bearer copied");
  const { task } = await submitTask(deps, taskRequest({ worker: { url: "https://a.example.com/", auth: sealed } }));
  expect(task.sealedAuth).toBe(sealed);
});
