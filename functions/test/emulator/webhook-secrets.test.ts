import { Webhook } from "standardwebhooks";
import { parseKeys } from "../../src/domain/keys.ts";
import { createApiClient, newKey } from "../support/api-client.ts";
import { receiverOfFile } from "../support/receiver.ts";
import { createTestDeps, newSecret, newTestFirestore } from "../support/test-deps.ts";
import { leastWebhook } from "../support/webhook-api.ts";

const deps = createTestDeps(newTestFirestore());
const api = createApiClient(deps);
const dayMs = 24 * 3_600_000;
const receiver = receiverOfFile();
let key: string;
let made = 0;

beforeEach(async () => {
  made += 1;
  key = await newKey(deps.db, `owner-${made}`, ["webhooks"]);
});
afterAll(() => deps.db.terminate());

const create = (parts: object = {}) =>
  api("POST", "/webhooks", { key, body: { ...leastWebhook, url: `${receiver.url}/webhook`, ...parts } });
const rotate = (id: unknown, body?: unknown) => api("POST", `/webhooks/${id}/rotate-secret`, { key, body });
const stored = async (id: unknown) =>
  JSON.stringify((await deps.db.collection("webhooks").doc(String(id)).get()).data());

/** Which of the secrets verify a test delivery made now, by the public library, and how many signatures it has. */
async function signedBy(id: unknown, secrets: unknown[]): Promise<{ signatures: number; verify: boolean[] }> {
  receiver.clear();
  await api("POST", `/webhooks/${id}/test`, { key, body: { event_type: "order.paid" } });
  const [request] = receiver.received();
  if (request === undefined) throw new Error("the test delivery did not arrive");
  const verify = secrets.map((secret) => {
    try {
      new Webhook(String(secret)).verify(request.rawBody, request.headers);
      return true;
    } catch {
      return false;
    }
  });
  return { signatures: request.headers["webhook-signature"]?.split(" ").length ?? 0, verify };
}

test("the secret is shown when the webhook is made, and by no other answer; at rest it is sealed", async () => {
  const secret_token = "my-own-secret-token";
  const { body, text } = await create({ secret_token });
  expect(text.split(secret_token)).toHaveLength(2);
  const path = `/webhooks/${body.id}`;
  const others = [
    await api("GET", path, { key }),
    await api("GET", "/webhooks", { key }),
    await api("PATCH", path, { key, body: { retry_count: 1 } }),
    await api("POST", `${path}/test`, { key, body: { event_type: "order.paid" } }),
    await api("GET", `${path}/deliveries`, { key }),
  ];
  for (const answer of others) {
    expect(answer.status).toBe(200);
    for (const hidden of [secret_token, "secret", "sealed", "v1."]) {
      expect([hidden, answer.text.includes(hidden)]).toEqual([hidden, false]);
    }
  }
  expect(await stored(body.id)).not.toContain(secret_token);
  expect(JSON.stringify([deps.logged, deps.queued])).not.toContain(secret_token);
  expect(await signedBy(body.id, [`whsec_${Buffer.from(secret_token).toString("base64")}`])).toEqual({
    signatures: 1,
    verify: [true],
  });
});

test("a generated secret is another one each time, and verifies", async () => {
  const [first, second] = [await create({ name: "a" }), await create({ name: "b" })];
  expect(first.body.secret_token).not.toBe(second.body.secret_token);
  const secrets = [first.body.secret_token, second.body.secret_token];
  expect((await signedBy(first.body.id, secrets)).verify).toEqual([true, false]);
  expect(await stored(first.body.id)).not.toContain(String(first.body.secret_token).slice(6));
});

test("a PATCH with a secret rotates to it, and shows it nowhere", async () => {
  const { body } = await create();
  const secret = `whsec_${Buffer.from("k".repeat(32)).toString("base64")}`;
  const changed = await api("PATCH", `/webhooks/${body.id}`, { key, body: { secret_token: secret } });
  expect([changed.status, changed.text.includes(secret.slice(6))]).toEqual([200, false]);
  expect((await signedBy(body.id, [secret, body.secret_token])).verify).toEqual([true, true]);
});

test("after a rotation both secrets sign, and after the overlap the new one alone", async () => {
  const own = createTestDeps(deps.db, { keys: deps.keys });
  const call = createApiClient(own);
  const { body } = await create();
  const rotated = await call("POST", `/webhooks/${body.id}/rotate-secret`, { key });
  expect(rotated.status).toBe(200);
  expect(rotated.body).toMatchObject({ id: body.id, secret_token: expect.stringMatching(/^whsec_/) });
  expect(rotated.body.secret_token).not.toBe(body.secret_token);
  const secrets = [rotated.body.secret_token, body.secret_token];
  expect(await signedBy(body.id, secrets)).toEqual({ signatures: 2, verify: [true, true] });

  const signatures = async () => {
    receiver.clear();
    await call("POST", `/webhooks/${body.id}/test`, { key, body: { event_type: "order.paid" } });
    return receiver.received()[0]?.headers["webhook-signature"]?.split(" ").length;
  };
  own.advance(dayMs - 5_000);
  expect(await signatures()).toBe(2);
  own.advance(5_001);
  expect(await signatures()).toBe(1);
});

test("rotating again within the overlap takes nothing from the secrets before; five sign at most", async () => {
  const { body } = await create();
  const secrets = [body.secret_token];
  for (let count = 0; count < 2; count += 1) secrets.unshift((await rotate(body.id)).body.secret_token);
  expect(await signedBy(body.id, secrets)).toEqual({ signatures: 3, verify: [true, true, true] });
  for (let count = 0; count < 4; count += 1) secrets.unshift((await rotate(body.id, {})).body.secret_token);
  expect(await signedBy(body.id, secrets)).toEqual({
    signatures: 5,
    verify: [true, true, true, true, true, false, false],
  });
});

test("a rotation takes a given secret, and refuses a bad one", async () => {
  const { body } = await create();
  const given = `whsec_${Buffer.from("g".repeat(32)).toString("base64")}`;
  expect((await rotate(body.id, { secret_token: given })).body.secret_token).toBe(given);
  expect((await signedBy(body.id, [given])).verify).toEqual([true]);
  for (const bad of [{ secret_token: "short" }, { secret_token: "with a space in it" }, { secret: given }, []]) {
    expect((await rotate(body.id, bad)).status).toBe(400);
  }
  expect((await rotate(body.id, "{")).body.code).toBe("not_json");
});

test("custom headers are sealed at rest, shown to the owner, and sent", async () => {
  const headers = { Authorization: "Bearer hunter2", "X-Tenant": "7" };
  const { body } = await create({ headers });
  expect(body.headers).toEqual(headers);
  expect((await api("GET", `/webhooks/${body.id}`, { key })).body.headers).toEqual(headers);
  for (const plain of ["hunter2", "X-Tenant", "Authorization"]) expect(await stored(body.id)).not.toContain(plain);
  await signedBy(body.id, []);
  expect(receiver.received()[0]?.headers).toMatchObject({ authorization: "Bearer hunter2", "x-tenant": "7" });
});

test("a webhook whose headers were sealed with a secret that is gone can be listed and mended", async () => {
  const { body } = await create({ headers: { "X-Tenant": "7" } });
  const call = createApiClient(createTestDeps(deps.db, { keys: parseKeys(newSecret()) }));
  const list = await call("GET", "/webhooks", { key });
  expect([list.status, list.body.data]).toMatchObject([200, [{ id: body.id, headers: null }]]);
  const changes = { headers: { "X-Tenant": "8" } };
  const mended = await call("PATCH", `/webhooks/${body.id}`, { key, body: changes });
  expect([mended.status, mended.body.headers]).toEqual([200, { "X-Tenant": "8" }]);
});

test("the secrets of an owner's callback URLs are their own, and stay the same", async () => {
  const other = await newKey(deps.db, "somebody", ["webhooks"]);
  const [mine, again, theirs] = [
    await api("GET", "/signing-secret", { key }),
    await api("GET", "/signing-secret", { key }),
    await api("GET", "/signing-secret", { key: other }),
  ];
  expect(mine.body).toEqual({ secrets: [expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/)] });
  expect(again.body).toEqual(mine.body);
  expect(theirs.body).not.toEqual(mine.body);
  const reader = await newKey(deps.db, "reader", ["tasks:read", "tasks:write"]);
  expect((await api("GET", "/signing-secret", { key: reader })).status).toBe(403);
});
