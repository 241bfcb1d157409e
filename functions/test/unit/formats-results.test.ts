import { taskService } from "../../src/formats/task-service.ts";
import { taskflow } from "../../src/formats/taskflow.ts";
import { sampleEvent } from "../support/sample-events.ts";

const url = "https://files.example/1.mp4";

/** The `result` that a receiver of the Task Service's callbacks sees. */
function mediaResult(result: unknown, resultMetadata: unknown = null, resultUrl: string | null = url): unknown {
  const task = { result, resultMetadata, resultUrl };
  return JSON.parse(taskService.render(sampleEvent("completed", { task })) ?? "{}").result;
}

test("task-service: the service's own fields stand beside the URL, its own metadata too", () => {
  expect(mediaResult({ payload_media_id: "1" }, { tokens: 2 })).toEqual({
    media_url: url,
    payload_media_id: "1",
    metadata: { tokens: 2 },
  });
  expect(mediaResult({ metadata: { tokens: 3 } })).toEqual({ media_url: url, metadata: { tokens: 3 } });
  expect(mediaResult({ media_url: "https://own.example" }, null, null)).toEqual({
    media_url: "https://own.example",
    metadata: {},
  });
});

test.each([[["a", "b"]], ["text"], [0], [false]])(
  "task-service: a result of %j, which has no fields, is its value",
  (result) => {
    expect(mediaResult(result)).toEqual({ media_url: url, value: result, metadata: {} });
  },
);

test("task-service: no result is none", () => {
  expect(mediaResult(null, null, null)).toEqual({ media_url: null, metadata: {} });
});

test("taskflow: the result is the service's, or where it lies, or both", () => {
  const payload = (result: unknown, resultUrl: string | null) =>
    JSON.parse(taskflow.render(sampleEvent("completed", { task: { result, resultUrl } })) ?? "{}").payload;
  expect(payload({ a: 1 }, null)).toMatchObject({ result: { a: 1 } });
  expect(payload(null, url)).toMatchObject({ result: { url } });
  expect(payload(0, url)).toMatchObject({ result: 0, result_url: url });
  expect(payload(null, null)).toMatchObject({ result: null });
  for (const result of [payload({ a: 1 }, null), payload(null, url)]) expect(result).not.toHaveProperty("result_url");
});
