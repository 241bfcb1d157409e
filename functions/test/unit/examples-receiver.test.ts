import { createHmac } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { type Receiver, startReceiver } from "../../../examples/receiver/receiver.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BODY = JSON.stringify({ type: "task.completed", data: { id: "t-1" } });

let receiver: Receiver;
afterEach(() => receiver.close());

function standardHeaders(webhook: Webhook, body = BODY): Record<string, string> {
  const at = new Date();
  return {
    "webhook-id": "msg_1",
    "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
    "webhook-signature": webhook.sign("msg_1", at, body),
  };
}

function hmac(secret: string, body = BODY): string {
  return `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
}

const post = (path: string, headers: Record<string, string> = {}, body = BODY) =>
  fetch(`${receiver.url}${path}`, { method: "POST", headers, body, redirect: "manual" });

describe("the receiver", () => {
  it("records method, path, headers and body, and lists them", async () => {
    receiver = await startReceiver();
    expect(await (await post("/callback?x=1", { "x-custom": "yes" })).json()).toEqual({
      received: true,
      verified: null,
    });
    await post("/webhook", {}, "plain text");

    const entry = {
      id: 1,
      method: "POST",
      path: "/callback?x=1",
      body: JSON.parse(BODY),
      rawBody: BODY,
      verified: null,
      answered: 200,
    };
    expect(receiver.received()).toMatchObject([
      { ...entry, headers: { "x-custom": "yes" } },
      { id: 2, body: "plain text" },
    ]);
    const get = async (path: string) => (await fetch(`${receiver.url}${path}`)).json();
    expect(await get("/received.json")).toEqual(receiver.received());
    expect(await get("/callbacks")).toEqual([JSON.parse(BODY)]);
    expect(await get("/webhooks")).toEqual(["plain text"]);

    expect((await fetch(`${receiver.url}/received.json`, { method: "DELETE" })).status).toBe(204);
    expect(await get("/received.json")).toEqual([]);
  });

  it.each([
    ["Standard Webhooks", SECRET, () => standardHeaders(new Webhook(SECRET))],
    [
      "Standard Webhooks with a plain secret",
      "your-secret-token",
      () => standardHeaders(new Webhook("your-secret-token", { format: "raw" })),
    ],
    ["X-TaskFlow-Signature", SECRET, () => ({ "x-taskflow-signature": hmac(SECRET) })],
    ["X-Signature", SECRET, () => ({ "x-signature": hmac(SECRET) })],
    ["both kinds", SECRET, () => ({ ...standardHeaders(new Webhook(SECRET)), "x-signature": hmac(SECRET) })],
  ])("verifies %s", async (_, secret, headers) => {
    receiver = await startReceiver({ secret });
    expect((await post("/callback", headers())).status).toBe(200);
    expect(receiver.received()).toMatchObject([{ verified: true }]);
  });

  it.each([
    ["no signature", () => ({})],
    ["a signature with another secret", () => standardHeaders(new Webhook("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"))],
    ["a signature of another body", () => standardHeaders(new Webhook(SECRET), "{}")],
    ["an HMAC with another secret", () => ({ "x-taskflow-signature": hmac("other") })],
    ["an HMAC that is none", () => ({ "x-signature": "sha256=" })],
    [
      "one right signature and one wrong",
      () => ({ ...standardHeaders(new Webhook(SECRET)), "x-signature": hmac("other") }),
    ],
    ["an old timestamp", () => ({ ...standardHeaders(new Webhook(SECRET)), "webhook-timestamp": "1600000000" })],
  ])("refuses %s", async (_, headers) => {
    receiver = await startReceiver({ secret: SECRET });
    expect((await post("/callback", headers())).status).toBe(401);
    expect(receiver.received()).toMatchObject([{ verified: false, answered: 401 }]);
  });

  it("fails so many times for each path and query, then answers 200", async () => {
    receiver = await startReceiver();
    const statuses = async (path: string) => [
      (await post(path)).status,
      (await post(path)).status,
      (await post(path)).status,
    ];
    expect(await statuses("/status/503?times=2")).toEqual([503, 503, 200]);
    expect(await statuses("/status/503?times=1")).toEqual([503, 200, 200]);
    expect(await statuses("/status/404")).toEqual([404, 404, 404]);
    receiver.clear();
    expect(await statuses("/status/503?times=2")).toEqual([503, 503, 200]);
  });

  it("asks for patience with Retry-After", async () => {
    receiver = await startReceiver();
    const first = await post("/retry-after/6");
    expect([first.status, first.headers.get("retry-after")]).toEqual([503, "6"]);
    expect((await post("/retry-after/6")).status).toBe(200);
    expect((await post("/retry-after/6?status=429")).status).toBe(429);
  });

  it("redirects, is gone, answers far too much, hangs up and hangs", async () => {
    receiver = await startReceiver();
    const redirect = await post(`/redirect?to=${encodeURIComponent(`${receiver.url}/elsewhere?a=b`)}`);
    expect([redirect.status, redirect.headers.get("location")]).toEqual([307, `${receiver.url}/elsewhere?a=b`]);
    expect((await post("/gone")).status).toBe(410);
    expect((await (await post("/big")).arrayBuffer()).byteLength).toBe(5 * 1024 * 1024);
    await expect(post("/close")).rejects.toThrow("fetch failed");

    const hanging = post("/hang");
    await receiver.waitFor(({ path }) => path === "/hang", 5_000);
    expect(receiver.received().map(({ answered }) => answered)).toEqual([307, 410, 200, "closed", "hanging"]);
    await receiver.close();
    await expect(hanging).rejects.toThrow("fetch failed");
  });

  it("keeps the last 1,000 requests and refuses bodies over 1 MiB", async () => {
    receiver = await startReceiver();
    for (let batch = 0; batch < 10; batch++) await Promise.all(Array.from({ length: 100 }, () => post("/callback")));
    expect((await post("/callback", {}, "x".repeat(1024 * 1024 + 1))).status).toBe(413);
    expect(receiver.received()).toHaveLength(1_000);
    expect(receiver.received().at(-1)).toMatchObject({ id: 1_001, rawBody: "", answered: 413 });
    expect(receiver.received()[0]?.id).toBe(2);
  });

  it("lets a test wait for a request, and says what came instead", async () => {
    receiver = await startReceiver();
    const coming = receiver.waitFor(({ path }) => path === "/second", 5_000);
    await post("/first");
    await post("/second");
    expect((await coming).id).toBe(2);
    await expect(receiver.waitFor(({ path }) => path === "/third", 1)).rejects.toThrow(
      /did not come within 1 ms[\s\S]*POST \/first/,
    );
    const abandoned = receiver.waitFor(() => false, 60_000);
    await receiver.close();
    await expect(abandoned).rejects.toThrow("closed before");
  });

  it("shows what came on a page that runs nothing of it", async () => {
    receiver = await startReceiver({ secret: SECRET });
    const evil = "<script>alert(1)</script>";
    const body = JSON.stringify({ type: evil });
    await post(`/a?${encodeURIComponent(evil)}&'"`, { "x-evil": evil }, body);
    await post("/good", standardHeaders(new Webhook(SECRET)));
    const response = await fetch(`${receiver.url}/`);
    const page = await response.text();
    expect(page).not.toContain("<script>alert");
    expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(page.indexOf("/good")).toBeLessThan(page.indexOf("x-evil"));
    expect(page).toMatch(/verified by webhook-signature[\s\S]*not signed/);
    expect(response.headers.get("content-security-policy")).toMatch(/^default-src 'none';.*script-src 'sha256-/);
  });
});
