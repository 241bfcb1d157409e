import { Timestamp } from "firebase-admin/firestore";
import { fromStorable } from "../../src/domain/storable.ts";
import { dispatchTask } from "../../src/tasks/dispatch.ts";
import { submitTask } from "../../src/tasks/submit.ts";
import { taskBody } from "../../src/tasks/task-request.ts";
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
    sweepAt: createdAt.toMillis() + 60_000,
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

// As JSON.parse makes them: `__proto__` is a key of the object's own.
const awkward: Record<string, string> = {
  "nested arrays": '{"points": [[1, 2], [3, [4]]]}',
  "a __proto__ key": '{"__proto__": {"admin": true}, "a": 1}',
  "a __proto__ key within": '{"a": [{"__proto__": {"b": [1]}}]}',
  "a reserved key": '{"__name__": "x"}',
  "an empty key": '{"": "x", "a.b": 1, "`": 2}',
  "30 levels": `{"a": ${"[".repeat(30)}${"]".repeat(30)}}`,
  "an unpaired surrogate": '{"text": "\\ud800"}',
  "a NUL": '{"text": "\\u0000"}',
  "something like our own marker": '{"$json": "{}"}',
  "large and small numbers": '{"big": 1.7976931348623157e308, "small": -5e-324, "long": 9007199254740991}',
};

test.each(Object.entries(awkward))("params and metadata with %s reach the service untouched", async (_what, json) => {
  const service = await startService(() => ({}));
  const said: unknown = { webhook_url: service.url, parameters: JSON.parse(json), metadata: JSON.parse(json) };
  const { parameters: params, metadata } = taskBody.parse(said);
  const id = await submitted(deps, { worker: { url: service.url, auth: null }, params, metadata });
  await dispatchTask(deps, { correlationId: id, attempt: 1 });
  // Compared as text: a matcher might not look at `__proto__`.
  const sent = service.calls[0]?.text ?? "";
  const compact = JSON.stringify(JSON.parse(json));
  expect(sent).toContain(`"metadata":${compact}`);
  expect(sent.startsWith(compact.slice(0, -1))).toBe(true);
});

test.each(["parameters", "metadata"])("%s that are nested too deeply are refused by name", (field) => {
  for (const levels of [101, 200_000]) {
    const value: unknown = JSON.parse(`{"a":${"[".repeat(levels)}${"]".repeat(levels)}}`);
    const { error } = taskBody.safeParse({ service: "video", [field]: value });
    expect(error?.issues).toEqual([expect.objectContaining({ path: [field], message: "is nested too deeply" })]);
  }
});

test("what is merged from a service must not be nested too deeply either", async () => {
  const deep = `${"[".repeat(120)}${"]".repeat(120)}`;
  await registerService("deep", { params: { $json: `{"a":${deep}}` } });
  await expect(submitTask(deps, taskRequest({ worker: { service: "deep" } }))).rejects.toMatchObject({
    status: 400,
    errors: [{ field: "params", message: "is nested too deeply" }],
  });
});

test.each([
  ["parameters", 256 * 1_024],
  ["metadata", 64 * 1_024],
])("%s may have %i bytes of JSON and no more", (field, most) => {
  const sized = (bytes: number) => ({ service: "video", [field]: { a: "x".repeat(bytes - '{"a":""}'.length) } });
  expect(taskBody.safeParse(sized(most)).success).toBe(true);
  expect(taskBody.safeParse(sized(most + 1)).error?.issues).toEqual([
    expect.objectContaining({ path: [field], message: `is larger than ${most} bytes` }),
  ]);
});

test.each([null, "text", 7, ["a"]])("metadata that are not an object are refused: %j", (metadata) => {
  expect(taskBody.safeParse({ service: "video", metadata }).error?.issues).toEqual([
    expect.objectContaining({ path: ["metadata"] }),
  ]);
});

test("half a surrogate pair, which cannot be stored, is replaced in a prompt and refused in a name or URL", async () => {
  const half = "a\ud800b";
  const { prompt } = taskBody.parse({ service: "video", prompt: half });
  const { task } = await submitTask(deps, taskRequest({ prompt }));
  expect((await snapshotOf(deps, task.correlationId)).data()?.prompt).toBe("a\ufffdb");
  for (const field of ["project_id", "user_id", "callback_url"]) {
    const { error } = taskBody.safeParse({ service: "video", [field]: `https:${half}` });
    expect(error?.issues).toEqual([expect.objectContaining({ path: [field] })]);
  }
});
