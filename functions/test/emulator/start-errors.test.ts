import { type DocumentData, Timestamp } from "firebase-admin/firestore";
import { BoomerangError } from "../../src/domain/errors.ts";
import { startTask } from "../../src/tasks/start.ts";
import { replaced } from "../support/interference.ts";
import { exampleMetadata, mapOf, tasksFrom, written } from "../support/task-documents.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const deps = createTestDeps(newTestFirestore());
afterAll(() => deps.db.terminate());

/** The same database under the rules of production: https only, and no address that is not public. */
const strict = createTestDeps(deps.db, {}, { FUNCTIONS_EMULATOR: "false" });

const webhookTask = (changes: DocumentData) => ({ taskMetadata: { ...exampleMetadata, ...changes } });
const { webhookUrl: _, ...withoutUrl } = exampleMetadata;

test.each<[string, string, DocumentData]>([
  ["both a service and task metadata", "service", { service: "video", taskMetadata: exampleMetadata }],
  ["no URL", "taskMetadata.webhookUrl", { taskMetadata: withoutUrl }],
  ["an empty URL", "taskMetadata.webhookUrl", webhookTask({ webhookUrl: "" })],
  ["a URL that is none", "taskMetadata.webhookUrl", webhookTask({ webhookUrl: "generate-video" })],
  ["an http URL", "taskMetadata.webhookUrl", webhookTask({ webhookUrl: "http://example.com/" })],
  ["a loopback address", "taskMetadata.webhookUrl", webhookTask({ webhookUrl: "https://127.0.0.1/" })],
  ["a private address", "taskMetadata.webhookUrl", webhookTask({ webhookUrl: "https://192.168.0.1/" })],
  ["the metadata server", "taskMetadata.webhookUrl", webhookTask({ webhookUrl: "https://169.254.169.254/" })],
  ["credentials in the URL", "taskMetadata.webhookUrl", webhookTask({ webhookUrl: "https://me:pw@example.com/" })],
  ["a URL that is a number", "taskMetadata.webhookUrl", webhookTask({ webhookUrl: 7 })],
  ["an empty credential", "taskMetadata.webhookAuth", webhookTask({ webhookAuth: "" })],
  ["a credential that is a map", "taskMetadata.webhookAuth", webhookTask({ webhookAuth: { key: "k" } })],
  ["parameters that are a list", "taskMetadata.webhookParams", webhookTask({ webhookParams: ["high"] })],
  ["parameters that are a text", "taskMetadata.webhookParams", webhookTask({ webhookParams: "high" })],
  ["a service that is not registered", "service", { service: "unheard-of" }],
  ["a service with a slash", "service", { service: "a/b" }],
  ["a service that is a map", "service", { service: { name: "video" } }],
  ["a prompt that is a number", "prompt", { ...webhookTask({}), prompt: 7 }],
  ["a prompt that is too long", "prompt", { ...webhookTask({}), prompt: "x".repeat(100_001) }],
  ["a userId with a slash", "userId", { ...webhookTask({}), userId: "users/user-1" }],
  ["a reserved userId", "userId", { ...webhookTask({}), userId: "__user__" }],
  ["a projectId that is empty", "projectId", { ...webhookTask({}), projectId: "" }],
  ["an assistantId that is a list", "assistantId", { ...webhookTask({}), assistantId: ["a"] }],
  ["101 followers", "followers", { ...webhookTask({}), followers: Array.from({ length: 101 }, (_, n) => `user-${n}`) }],
  ["a follower with a slash", "followers.1", { ...webhookTask({}), followers: ["user-1", "a/b"] }],
  ["followers that are a text", "followers", { ...webhookTask({}), followers: "user-1" }],
  ["metadata that is a text", "metadata", { ...webhookTask({}), metadata: "mine" }],
  ["metadata that is too large", "metadata", { ...webhookTask({}), metadata: { text: "x".repeat(65_536) } }],
  ["a priority over 9", "priority", { ...webhookTask({}), priority: 10 }],
  ["a private callbackUrl", "callbackUrl", { ...webhookTask({}), callbackUrl: "https://10.0.0.1/told" }],
  ["an unknown callbackFormat", "callbackFormat", { ...webhookTask({}), callbackFormat: "fax" }],
])("a document with %s learns so in its map webhook, by the name %s", async (_, field, data) => {
  const snapshot = await written(deps, { title: "mine", ...data });
  await startTask(strict, snapshot);
  await startTask(strict, snapshot);

  expect(await tasksFrom(deps, snapshot)).toEqual([]);
  expect(await mapOf(snapshot)).toEqual({
    correlationId: null,
    status: "failed",
    progress: null,
    resultUrl: null,
    error: expect.stringContaining(`${field}: `),
    updatedAt: expect.any(Timestamp),
  });
  const { taskMetadata, webhook, ...rest } = (await snapshot.ref.get()).data() ?? {};
  const { taskMetadata: given, ...kept } = data;
  expect(rest).toEqual({ title: "mine", ...kept });
});

test("every wrong field is named at once", async () => {
  const snapshot = await written(deps, { ...webhookTask({ webhookUrl: 7 }), userId: "a/b", priority: -1 });
  await startTask(deps, snapshot);
  expect(await mapOf(snapshot)).toMatchObject({
    error: expect.stringMatching(/taskMetadata\.webhookUrl: .+; userId: .+; priority: /),
  });
});

test("the credential of a document that is wrong does not stay there in the clear", async () => {
  const snapshot = await written(deps, { ...webhookTask({ webhookUrl: "https://10.0.0.1/" }), userId: "user-1" });
  await startTask(deps, snapshot);
  const auth: unknown = (await snapshot.ref.get()).get("taskMetadata.webhookAuth");
  expect(deps.keys.open(String(auth))).toBe("Bearer your-api-key");
});

test("a document that is deleted before its error is written stays deleted", async () => {
  const snapshot = await written(deps, { service: "unheard-of" });
  await snapshot.ref.delete();
  await startTask(deps, snapshot);
  expect((await snapshot.ref.get()).exists).toBe(false);
});

test("a failure of the database is thrown, so that the trigger runs again, and is no error of the document", async () => {
  const snapshot = await written(deps, { taskMetadata: exampleMetadata });
  const unavailable = Object.assign(new Error("14 UNAVAILABLE: try later"), { code: 14 });
  const down = replaced(deps.db, {
    collection: () => {
      throw unavailable;
    },
  });
  await expect(startTask({ ...deps, db: down }, snapshot)).rejects.toBe(unavailable);
  expect(await mapOf(snapshot)).toBeUndefined();
  await startTask(deps, snapshot);
  expect(await tasksFrom(deps, snapshot)).toHaveLength(1);
});

test.each([
  ["not there", Object.assign(new Error("14 UNAVAILABLE: try later"), { code: 14 })],
  ["busy", new BoomerangError("contention", "Try again.", { status: 503, retryable: true })],
  ["wrongly configured", new BoomerangError("bad_configuration", "BOOMERANG_SECRET is not set.")],
])("a registry of services that is %s is no error of the document: the trigger runs again", async (_, failure) => {
  const snapshot = await written(deps, { service: "video" });
  const services = { find: () => Promise.reject(failure), forget: () => {} };
  await expect(startTask({ ...deps, services }, snapshot)).rejects.toBe(failure);
  expect(await mapOf(snapshot)).toBeUndefined();
});
