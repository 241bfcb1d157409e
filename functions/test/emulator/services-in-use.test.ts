import { type CallApi, createApiClient, fieldsOf } from "../support/api-client.ts";
import { callBack } from "../support/callbacks.ts";
import { dispatched, dispatchNext } from "../support/dispatching.ts";
import { startService } from "../support/recording-service.ts";
import { serviceRoutesOfFile } from "../support/service-routes.ts";
import { readTask, trigger } from "../support/tasks.ts";
import { createTestDeps } from "../support/test-deps.ts";

/** What tasks find of a service. */

const { db, deps, ask, put, newName } = serviceRoutesOfFile();
const submit = (service: string, instance?: CallApi) => ask("POST", "/tasks", { service }, instance);

test("on the instance that changes a service the change counts at once", async () => {
  const name = newName();
  const urlOf = async () => (await submit(name)).body.webhook_url;
  expect((await submit(name)).status).toBe(422);
  await put(name, { url: "https://example.com/old" });
  expect(await urlOf()).toBe("https://example.com/old");
  await put(name, { url: "https://example.com/new" });
  expect(await urlOf()).toBe("https://example.com/new");
  await ask("DELETE", `/services/${name}`);
  const refused = await submit(name);
  expect([refused.status, refused.body.code, fieldsOf(refused)]).toEqual([422, "unknown_service", ["service"]]);
});

test("on another instance a new service counts at once, a changed or deleted one within ten seconds", async () => {
  const name = newName();
  const other = createTestDeps(db);
  const elsewhere = createApiClient(other);
  const urlThere = async () => (await submit(name, elsewhere)).body.webhook_url;
  expect((await submit(name, elsewhere)).status).toBe(422);
  await put(name, { url: "https://example.com/old" });
  expect(await urlThere()).toBe("https://example.com/old");
  await put(name, { url: "https://example.com/new" });
  other.advance(10_000);
  expect(await urlThere()).toBe("https://example.com/new");
  await ask("DELETE", `/services/${name}`);
  other.advance(10_000);
  expect((await submit(name, elsewhere)).status).toBe(422);
});

test("a task that is under way goes on when its service is replaced or deleted", async () => {
  const name = newName();
  let down = true;
  const service = await startService(() => (down ? { status: 503 } : { body: {} }));
  await put(name, { url: service.url, auth: "Bearer mine", event_prefix: "video" });
  const { correlationId: id } = await dispatched(deps, "", { worker: { service: name } });
  await put(name, { url: "http://127.0.0.1:9/elsewhere", auth: "Bearer other", event_prefix: "other" });
  await ask("DELETE", `/services/${name}`);
  down = false;
  expect(await dispatchNext(deps, id)).toMatchObject({ status: "initiated", service: name });
  expect(service.calls.map(({ headers }) => headers.authorization)).toEqual(["Bearer mine", "Bearer mine"]);
  expect((await callBack(deps, id, { status: "success" })).status).toBe(200);
  await trigger(deps, id);
  expect((await readTask(deps, id)).status).toBe("completed");
});

test("params of any JSON come back and go out as they were given", async () => {
  const name = newName();
  const service = await startService(() => ({ body: {} }));
  const params = JSON.parse('{"grid": [[1, 2], [3]], "__name__": "x", "deep": {"a": [{"b": [[]]}]}}');
  expect((await put(name, { url: service.url, params })).body.params).toEqual(params);
  expect((await ask("GET", `/services/${name}`)).body.params).toEqual(params);
  await dispatched(deps, "", { worker: { service: name }, params: { own: 1 } });
  expect(service.calls[0]?.body).toMatchObject({ ...params, own: 1 });
});
