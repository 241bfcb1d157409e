import { randomUUID } from "node:crypto";
import { pendingWebhookRef } from "../../src/tasks/pending-webhook.ts";
import { startService } from "../support/recording-service.ts";
import {
  callApi,
  callSubmitTask,
  fetchJson,
  newAdmin,
  newUser,
  type SignedInUser,
  stackFirestore,
} from "../support/stack.ts";
import { waitFor, waitForDocument } from "../support/wait-for.ts";

jest.setTimeout(90_000);
const db = stackFirestore();
afterAll(() => db.terminate());

const bearer = ({ idToken }: Pick<SignedInUser, "idToken">) => ({ authorization: `Bearer ${idToken}` });
const errorOf = (body: Readonly<Record<string, unknown>>) =>
  body.error as { status: string; details?: { code: string } };

async function newService() {
  const recording = await startService(() => ({ body: { status: "accepted" } }));
  const name = `video-${randomUUID()}`;
  await db.doc(`services/${name}`).set({ provider: "generic", url: recording.url });
  return { ...recording, name };
}

test("a signed-in user's task is theirs, goes out and comes back", async () => {
  const [service, user] = [await newService(), await newUser()];
  const submitted = await callSubmitTask({ service: service.name, prompt: "A boat" }, user);
  expect(submitted.status).toBe(200);
  const task = submitted.body.result as Record<string, unknown>;
  expect(task).toMatchObject({ status: "pending", service: service.name, prompt: "A boat", user_id: user.uid });
  const ref = pendingWebhookRef(db, String(task.id));
  expect((await ref.get()).data()).toMatchObject({ ownerId: user.uid, userId: user.uid });

  const { body } = await waitFor("the outbound call", () => service.calls[0]);
  expect(body).toMatchObject({ correlationId: task.id, userId: user.uid });
  const success = { correlationId: task.id, status: "success", result: { a: [[1]] } };
  expect((await fetchJson("POST", String(body.callbackUrl), { body: success })).status).toBe(200);
  await waitForDocument(db.doc(`users/${user.uid}/notifications/${task.id}-5`));

  const own = await callApi("GET", `/tasks/${task.id}`, { headers: bearer(user) });
  expect([own.status, own.body]).toMatchObject([200, { id: task.id, status: "completed", result: { a: [[1]] } }]);
  const others = await callApi("GET", `/tasks/${task.id}`, { headers: bearer(await newUser()) });
  expect([others.status, others.body.code]).toEqual([404, "task_not_found"]);
});

test("who is not signed in submits nothing", async () => {
  const service = await newService();
  const nobody = await callSubmitTask({ service: service.name });
  expect([nobody.status, errorOf(nobody.body).status]).toEqual([401, "UNAUTHENTICATED"]);
  const madeUp = await callSubmitTask({ service: service.name }, { uid: "x", idToken: "a.b.c" });
  expect([madeUp.status, errorOf(madeUp.body).status]).toEqual([401, "UNAUTHENTICATED"]);
  expect((await db.collection("pendingWebhooks").where("service", "==", service.name).count().get()).data().count).toBe(
    0,
  );
});

test("a signed-in user names a registered service only, and acts for nobody else", async () => {
  const [service, user] = [await newService(), await newUser()];
  const cases: [unknown, number, string, string | undefined][] = [
    [{ webhook_url: service.url }, 403, "PERMISSION_DENIED", "forbidden"],
    [{ service: service.name, user_id: "somebody-else" }, 403, "PERMISSION_DENIED", "forbidden"],
    [{ service: service.name, priority: 99 }, 400, "INVALID_ARGUMENT", "validation_failed"],
    [{ service: service.name, webhook_auth: "Bearer x" }, 400, "INVALID_ARGUMENT", "validation_failed"],
    [{ service: "nobody-registered-this" }, 400, "INVALID_ARGUMENT", "unknown_service"],
    [{ service: service.name, idempotency_key: "" }, 400, "INVALID_ARGUMENT", undefined],
    [["service"], 400, "INVALID_ARGUMENT", undefined],
    [null, 400, "INVALID_ARGUMENT", undefined],
  ];
  for (const [data, status, name, code] of cases) {
    const { status: answered, body } = await callSubmitTask(data, user);
    const error = errorOf(body);
    expect([data, answered, error.status, error.details?.code]).toEqual([data, status, name, code]);
  }
  const named = await callSubmitTask({ service: service.name, priority: 99 }, user);
  expect(errorOf(named.body).details).toMatchObject({ errors: [{ field: "priority" }] });
  const overHttp = await callApi("POST", "/tasks", { headers: bearer(user), body: { webhook_url: service.url } });
  expect([overHttp.status, overHttp.body.code]).toEqual([403, "forbidden"]);
  expect(service.calls).toEqual([]);
});

test("the same idempotency_key of the same user is one task, by the callable and over HTTP", async () => {
  const [service, user] = [await newService(), await newUser()];
  const idempotencyKey = randomUUID();
  const request = { service: service.name, prompt: "once" };
  const called = await Promise.all(
    [1, 2, 3].map(() => callSubmitTask({ ...request, idempotency_key: idempotencyKey }, user)),
  );
  const headers = { ...bearer(user), "idempotency-key": idempotencyKey };
  const posted = await callApi("POST", "/tasks", { headers, body: request });
  const ids = called.map(({ body }) => (body.result as { id: string }).id);
  expect(new Set([...ids, posted.body.id]).size).toBe(1);
  const other = await callSubmitTask({ ...request, prompt: "twice", idempotency_key: idempotencyKey }, user);
  expect([other.status, errorOf(other.body).status]).toEqual([409, "ALREADY_EXISTS"]);
});

test("an ID token that is not one lets nobody in", async () => {
  const { idToken } = await newUser();
  const [header = "", payload = "", signature = ""] = idToken.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
  const forged = (changes: object) =>
    `${header}.${Buffer.from(JSON.stringify({ ...claims, ...changes })).toString("base64url")}.${signature}`;
  const hour = 3_600;
  const tokens = [
    "a.b.c",
    `${header}.${payload}`,
    forged({ aud: "another-project" }),
    forged({ iss: "https://securetoken.google.com/another-project" }),
    forged({ exp: Math.floor(Date.now() / 1_000) - hour, iat: Math.floor(Date.now() / 1_000) - 2 * hour }),
    forged({ sub: "nobody", user_id: "nobody" }),
    forged({ sub: "" }),
  ];
  for (const token of tokens) {
    const { status, body } = await callApi("GET", "/tasks/none", { headers: { authorization: `Bearer ${token}` } });
    expect([token, status, body.code]).toEqual([token, 401, "unauthenticated"]);
  }
  expect((await callApi("GET", "/tasks/none", { headers: bearer({ idToken }) })).status).toBe(404);
});

test("a user with the admin claim is an admin over HTTP, any other is not", async () => {
  const [admin, user, service] = [await newAdmin(), await newUser(), await newService()];
  const submitted = await callApi("POST", "/tasks", { headers: bearer(user), body: { service: service.name } });
  const name = `claimed-${randomUUID()}`;
  const adminsOnly = [
    ["PUT", `/services/${name}`, 201, { url: service.url }],
    ["GET", "/services", 200],
    ["DELETE", `/services/${name}`, 204],
    ["GET", "/keys", 200],
    ["POST", `/tasks/${submitted.body.id}/resolve`, 200, { status: "failed", error: "Enough." }],
  ] as const;
  for (const [method, path, expected, body] of adminsOnly) {
    const refused = await callApi(method, path, { headers: bearer(user), body });
    expect([method, path, refused.status, refused.body.code]).toEqual([method, path, 403, "forbidden"]);
    const { status } = await callApi(method, path, { headers: bearer(admin), body });
    expect([method, path, status]).toEqual([method, path, expected]);
  }
  const own = await callApi("GET", `/tasks/${submitted.body.id}`, { headers: bearer(admin) });
  expect([own.status, own.body.user_id]).toEqual([200, user.uid]);
});

test("a key that is made and deleted over HTTP works in between", async () => {
  const owner = `owner-${randomUUID()}`;
  const made = await callApi("POST", "/keys", { body: { owner_id: owner, scopes: ["tasks:read"] } });
  expect(made.status).toBe(201);
  const headers = { "x-api-key": String(made.body.key) };
  expect((await callApi("GET", "/tasks/none", { headers })).status).toBe(404);
  expect((await callApi("GET", `/keys?owner_id=${owner}`)).body.data).toMatchObject([{ id: made.body.id, name: null }]);
  expect((await callApi("DELETE", `/keys/${made.body.id}`)).status).toBe(204);
  await waitFor("the end of the key", async () =>
    (await callApi("GET", "/tasks/none", { headers })).status === 401 ? true : undefined,
  );
});
