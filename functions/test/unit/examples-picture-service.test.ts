import sharp from "sharp";
import { Webhook } from "standardwebhooks";
import { type PictureServiceOptions, startPictureService } from "../../../examples/picture-service/picture-service.ts";
import { renderPicture, STAGES } from "../../../examples/picture-service/render.ts";
import { type ReceivedRequest, startReceiver } from "../../../examples/receiver/receiver.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const TIMEOUT_MS = 30_000;
jest.setTimeout(2 * TIMEOUT_MS);

/** Goes through the stages like the real one, with nothing to paint. */
const renderNothing: typeof renderPicture = async (_prompt, afterStage) => {
  for (let stage = 1; stage < STAGES.length; stage++) await afterStage(stage / STAGES.length, "painted");
  return { png: Buffer.from("a picture"), scene: { mood: "none", land: "none" } };
};

/** A picture service without pauses, a receiver for its callbacks, and the pauses that it would have made (ms). */
async function setUp(options: PictureServiceOptions = {}) {
  const pauses: number[] = [];
  const sleep = async (milliseconds: number) => {
    pauses.push(milliseconds);
  };
  const service = await startPictureService({ stageSeconds: 0, sleep, render: renderNothing, ...options });
  const receiver = await startReceiver();
  const order = (fields: object, headers: Record<string, string> = {}) =>
    fetch(`${service.url}/pictures`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({
        correlationId: "c-1",
        callbackUrl: `${receiver.url}/callback`,
        prompt: "A lake",
        ...fields,
      }),
    });
  const outcome = (correlationId = "c-1") =>
    receiver.waitFor(
      (request) => field(request, "correlationId") === correlationId && field(request, "status") !== "progress",
      TIMEOUT_MS,
    );
  const close = async () => {
    await service.close();
    await receiver.close();
  };
  return { service, receiver, order, outcome, pauses, close };
}

function field(request: ReceivedRequest, name: string): unknown {
  return (request.body as Record<string, unknown>)[name];
}

async function pictureOf(request: ReceivedRequest): Promise<Buffer> {
  const response = await fetch(String(field(request, "resultUrl")));
  expect(response.headers.get("content-type")).toBe("image/png");
  return Buffer.from(await response.arrayBuffer());
}

let running: Awaited<ReturnType<typeof setUp>>;
afterEach(() => running.close());

describe("the picture service", () => {
  it("acknowledges at once, reports progress, and calls back with a PNG of the promised size", async () => {
    running = await setUp({ render: renderPicture });
    const ack = await running.order({ metadata: { any: "thing" }, stageSeconds: 0.5 });
    expect(ack.status).toBe(202);
    expect(await ack.json()).toEqual({ status: "accepted", estimatedCompletion: "3s", id: expect.any(String) });

    const success = await running.outcome();
    expect(success.body).toMatchObject({
      correlationId: "c-1",
      status: "success",
      metadata: { title: "A lake", width: 1280, height: 720 },
    });
    const png = await pictureOf(success);
    expect(await sharp(png).metadata()).toMatchObject({ format: "png", width: 1280, height: 720 });
    expect(field(success, "result")).toMatchObject({ bytes: png.length, land: "sea" });
    const progress = running.receiver.received().map((request) => field(request, "progress"));
    expect(progress).toEqual([0.25, 0.5, 0.75, undefined]);
    expect(running.pauses).toEqual([500, 500, 500, 500]);
  });

  it("paints the same prompt the same way and another prompt differently, whatever characters it has", async () => {
    running = await setUp();
    const paint = async (prompt: string) => (await renderPicture(prompt, async () => undefined)).png;
    const odd = 'A fox & <two> "hens" \u0000\ud800 雪';
    const [first, second, other] = [await paint(odd), await paint(odd), await paint("Another")];
    expect(first.equals(second)).toBe(true);
    expect(first.equals(other)).toBe(false);
  });

  it("gives the same Idempotency-Key the same answer and starts no second job", async () => {
    running = await setUp();
    const first = await (await running.order({}, { "idempotency-key": "k" })).json();
    const second = await (await running.order({}, { "idempotency-key": "k" })).json();
    const other = await (await running.order({}, { "idempotency-key": "other" })).json();
    expect(second).toEqual(first);
    expect(other).not.toEqual(first);
    expect(running.service.jobs()).toHaveLength(2);
  });

  it.each([{ mode: "error" }, { prompt: "Please fail now" }])("reports an error for %j", async (fields) => {
    running = await setUp();
    await running.order(fields);
    const failure = await running.outcome();
    expect(failure.body).toMatchObject({ status: "error", error: expect.stringContaining("The paint ran out") });
  });

  it("answers with the result itself in mode sync, without any callback", async () => {
    running = await setUp();
    const answer = await running.order({ mode: "sync", callbackUrl: undefined });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ status: "success", resultUrl: expect.stringContaining("/pictures/") });
    expect(running.receiver.received()).toEqual([]);
  });

  it("sends the success callback twice in mode duplicate, and again on request", async () => {
    running = await setUp();
    const { id } = (await (await running.order({ mode: "duplicate" })).json()) as { id: string };
    const successes = () => running.receiver.received().filter((request) => field(request, "status") === "success");
    await running.receiver.waitFor(() => successes().length === 2, TIMEOUT_MS);
    const again = await fetch(`${running.service.url}/jobs/${id}/callback`, { method: "POST" });
    expect(await again.json()).toMatchObject({ status: 200 });
    expect(successes().map(({ rawBody }) => rawBody)).toEqual(Array(3).fill(successes()[0]?.rawBody));
  });

  it("never calls back in mode silent, but can be made to later", async () => {
    running = await setUp();
    const { id } = (await (await running.order({ mode: "silent" })).json()) as { id: string };
    await running.service.settled();
    expect(running.receiver.received()).toEqual([]);
    await fetch(`${running.service.url}/jobs/${id}/callback`, { method: "POST" });
    expect(running.receiver.received()).toMatchObject([{ body: { status: "success" } }]);
  });

  it("tries a callback again on 5xx, as long after as asked, and stops at 2xx", async () => {
    running = await setUp();
    const callbackUrl = `${running.receiver.url}/status/503?times=6`;
    await running.order({ callbackUrl, mode: "error" });
    await running.receiver.waitFor(({ path, answered }) => path.startsWith("/status") && answered === 200, TIMEOUT_MS);
    expect(running.receiver.received()).toHaveLength(7);
    expect(running.pauses.slice(4)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000]);
  });

  it("honours Retry-After and tries again when the connection breaks", async () => {
    running = await setUp();
    await running.order({ callbackUrl: `${running.receiver.url}/retry-after/6?status=503`, mode: "error" });
    await running.receiver.waitFor(
      ({ path, answered }) => path.startsWith("/retry-after") && answered === 200,
      TIMEOUT_MS,
    );
    expect(running.pauses.slice(4)).toEqual([6_000]);

    await running.order({ callbackUrl: `${running.receiver.url}/close`, correlationId: "c-2", mode: "error" });
    const closed = () => running.receiver.received().filter(({ answered }) => answered === "closed").length;
    await running.receiver.waitFor(() => closed() === 8, TIMEOUT_MS);
  });

  it("takes a 4xx for an answer", async () => {
    running = await setUp();
    await running.order({ callbackUrl: `${running.receiver.url}/gone`, mode: "error" });
    await running.service.settled();
    expect(running.receiver.received()).toMatchObject([{ answered: 410 }]);
    expect(running.service.jobs()).toMatchObject([{ status: "failed", callbacks: [{ status: 410 }] }]);
  });

  it.each([
    ["no JSON", "{", "not JSON", undefined],
    ["a list", "[]", "must be a JSON object", undefined],
    ["nothing", "{}", "correlationId, prompt, callbackUrl", ["correlationId", "prompt", "callbackUrl"]],
    ["a foreign scheme", { callbackUrl: "file:///etc/passwd" }, "callbackUrl", ["callbackUrl"]],
    [
      "an unknown mode and a slow brush",
      { mode: "fast", stageSeconds: 61 },
      "mode, stageSeconds",
      ["mode", "stageSeconds"],
    ],
  ])("answers %s with 400 and says what is wrong", async (_, body, message, fields) => {
    running = await setUp();
    const answer =
      typeof body === "string"
        ? await fetch(`${running.service.url}/pictures`, { method: "POST", body })
        : await running.order(body);
    const problem = (await answer.json()) as { error: string; errors?: { field: string }[] };
    expect(answer.status).toBe(400);
    expect(problem.error).toContain(message);
    expect(problem.errors?.map(({ field }) => field)).toEqual(fields);
  });

  it("takes only signed orders when it has a secret", async () => {
    running = await setUp({ secret: SECRET });
    const body = JSON.stringify({
      correlationId: "c-1",
      callbackUrl: `${running.receiver.url}/callback`,
      prompt: "A lake",
    });
    const at = new Date();
    const send = (signature: string, sent = body) =>
      fetch(`${running.service.url}/pictures`, {
        method: "POST",
        headers: {
          "webhook-id": "m",
          "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
          "webhook-signature": signature,
        },
        body: sent,
      });
    const signature = new Webhook(SECRET).sign("m", at, body);
    expect((await send(signature)).status).toBe(202);
    expect((await send(signature, body.replace("lake", "moat"))).status).toBe(401);
    expect((await running.order({})).status).toBe(401);
    expect(running.service.jobs()).toHaveLength(1);
  });

  it("takes only the right Authorization when it has one, but shows pictures to all", async () => {
    running = await setUp({ auth: "Bearer right" });
    expect((await running.order({})).status).toBe(401);
    expect((await running.order({}, { authorization: "Bearer wrong" })).status).toBe(401);
    expect((await fetch(`${running.service.url}/jobs`)).status).toBe(401);
    expect((await running.order({}, { authorization: "Bearer right" })).status).toBe(202);
    expect((await pictureOf(await running.outcome())).length).toBeGreaterThan(0);
  });

  it("knows no picture that it has not painted, and no other routes", async () => {
    running = await setUp();
    expect((await fetch(`${running.service.url}/pictures/00000000.png`)).status).toBe(404);
    expect((await fetch(`${running.service.url}/nowhere`)).status).toBe(404);
    expect((await running.order({ prompt: "x".repeat(1_100_000) })).status).toBe(413);
  });
});
