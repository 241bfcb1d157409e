import { receiveCallback } from "../../src/callbacks/webhook-callback.ts";
import { callbackToken } from "../../src/domain/callback-token.ts";
import { createTestDeps, newTestFirestore } from "../support/test-deps.ts";
import { readTask, submitted } from "../support/tasks.ts";

const deps = createTestDeps(newTestFirestore());
afterAll(() => deps.db.terminate());

function callback(id: string, body: object) {
  const token = callbackToken(deps.keys, { correlationId: id, provider: "generic", eventPrefix: "task" });
  return receiveCallback(deps, {
    method: "POST",
    path: `/${id}`,
    token,
    contentType: "application/json",
    body: Buffer.from(JSON.stringify({ correlationId: id, ...body })),
  });
}

test("50 equal callbacks at once are one event", async () => {
  const id = await submitted(deps);
  const body = { status: "success", resultUrl: "https://cdn.example.com/a.mp4", metadata: { title: "A" } };
  const answers = await Promise.all(Array.from({ length: 50 }, () => callback(id, body)));

  expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
  expect(answers.filter((answer) => !("duplicate" in answer.body))).toHaveLength(1);
  const task = await readTask(deps, id);
  expect(task).toMatchObject({ status: "completed", resultUrl: body.resultUrl, resultMetadata: { title: "A" } });
  expect(task.history.map(({ type }) => type)).toEqual(["task.completed"]);
});
