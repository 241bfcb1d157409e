import { receiveCallback } from "../../src/callbacks/webhook-callback.ts";
import { completed, failed } from "../../src/domain/outcome.ts";
import { expirePendingWebhooks } from "../../src/tasks/expire.ts";
import { keepLargeParts } from "../../src/tasks/large-results.ts";
import { resolveTask } from "../../src/tasks/resolve.ts";
import { tokenFor } from "../support/callbacks.ts";
import { submitted } from "../support/tasks.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";

const deps = createTestDeps(newTestFirestore());
afterAll(() => deps.db.terminate());

const sized = (bytes: number) => ({ text: "x".repeat(bytes - '{"text":""}'.length) });
const isReference = (part: unknown) => part !== null && typeof part === "object" && "$storage" in part;
const kept = async (result: unknown, resultMetadata: unknown = null) => {
  const outcome = await keepLargeParts(deps.files.keepJson, "some-id", completed({ result, resultMetadata }));
  return [isReference(outcome.result), isReference(outcome.resultMetadata)];
};

test("what fits stays in the document, and only what does not becomes a file", async () => {
  const most = 128 * 1_024;
  expect(await kept(sized(most))).toEqual([false, false]);
  expect(await kept(sized(most + 1))).toEqual([true, false]);
  expect(await kept(sized(most + 1), sized(1_000))).toEqual([true, false]);
  expect(await kept(sized(1_000), sized(most + 1))).toEqual([false, true]);
});

test("two parts that fit only one by one do not both stay", async () => {
  expect(await kept(sized(100 * 1_024), sized(20 * 1_024))).toEqual([false, false]);
  expect(await kept(sized(100 * 1_024), sized(90 * 1_024))).toEqual([true, false]);
  expect(await kept(sized(60 * 1_024), sized(100 * 1_024))).toEqual([false, true]);
});

test("a long error leaves less room", async () => {
  const outcome = failed("service_error", "x".repeat(30_000), sized(100 * 1_024));
  expect(isReference((await keepLargeParts(deps.files.keepJson, "some-id", outcome)).resultMetadata)).toBe(true);
});

test("the file has the part as JSON, and an equal part has the same text", async () => {
  const one = { b: "x".repeat(200_000), a: [[1]], "": null };
  const { result } = await keepLargeParts(deps.files.keepJson, "id-a", completed({ result: one }));
  const other = { "": null, a: [[1]], b: one.b };
  const again = await keepLargeParts(deps.files.keepJson, "id-a", completed({ result: other }));
  expect(again.result).toEqual(result);
  const text = [...deps.kept].find(([path]) => path.startsWith("results/id-a/"))?.[1];
  expect(JSON.parse(text ?? "null")).toEqual(one);
});

test.each([
  ["completed", 64 * 1_024, 63 * 1_024],
  ["completed", 250 * 1_024, 250 * 1_024],
  ["failed", 0, 250 * 1_024],
])("the largest task can take a large late callback: %s, result %i, metadata %i bytes", async (status, ...bytes) => {
  // The worst text there is: three bytes of UTF-8 for each character that is counted.
  const id = await submitted(deps, {
    prompt: "漢".repeat(100_000),
    params: sized(256 * 1_024),
    metadata: sized(64 * 1_024),
    followers: Array.from({ length: 100 }, (_, i) => `${i}-${"漢".repeat(190)}`),
  });
  deps.advance(400_000);
  expect(await expirePendingWebhooks(deps, deps.now() + 60_000)).toMatchObject({ expired: 1 });
  const [result, metadata] = bytes.map((size) => sized(Math.max(size, 20)));
  const report = { status: "success", resultUrl: `https://example.com/${"x".repeat(8_000)}`, result, metadata };
  const failure = { status: "error", error: "漢".repeat(40_000), metadata };
  const body = { correlationId: id, ...(status === "completed" ? report : failure) };
  const answer = await receiveCallback(deps, {
    method: "POST",
    path: `/${id}`,
    token: tokenFor(deps.keys, id),
    contentType: "application/json",
    body: Buffer.from(JSON.stringify(body)),
  });
  expect(answer).toMatchObject({ status: 410 });
  const task = await resolveTask(deps, { ownerId: "op", admin: true }, id, "late_callback");
  expect(task.status).toBe(status);
  expect(task.lateCallback).toMatchObject({ status });
});
