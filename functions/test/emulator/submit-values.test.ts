import { dispatchTask } from "../../src/tasks/dispatch.ts";
import { submitTask } from "../../src/tasks/submit.ts";
import { taskBody } from "../../src/tasks/task-request.ts";
import { startService } from "../support/recording-service.ts";
import { snapshotOf, submitted, taskRequest } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const deps = createTestDeps(newTestFirestore());
afterAll(() => deps.db.terminate());

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
  const params = { $json: `{"a":${deep}}` };
  await deps.db.doc("services/deep").set({ url: "https://worker.example.com/jobs", params });
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
