import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import type { Format } from "../../src/formats/format.ts";
import { formats } from "../../src/formats/index.ts";
import { deliveryHeaders, newWebhookSecret } from "../../src/webhooks/signing.ts";
import { goldenEvent } from "../support/golden-events.ts";
import { sampleNames } from "../support/sample-events.ts";

const root = join(__dirname, "../../..");
const doc = readFileSync(join(root, "docs/webhooks.md"), "utf8");

/** The first block of that language after a heading. */
function block(heading: string, language: string): string {
  const section = doc.split(`\n${heading}\n`)[1] ?? "";
  const code = section.split(`\n\`\`\`${language}\n`)[1]?.split("\n```")[0];
  if (code === undefined) throw new Error(`docs/webhooks.md has no ${language} block below "${heading}"`);
  return code;
}

test.each(formats)("the example of $name is what is sent", ({ name, render }) => {
  const body = render(goldenEvent(name, "completed")) ?? "null";
  expect(block(`### \`${name}\``, "json")).toBe(JSON.stringify(JSON.parse(body), null, 2));
});

const shared = { started: "`started`", progress: "`progress`", application: "application events" };

test.each<Format>(formats)("the table says what $name does not send, and has a row for it", ({ name, render }) => {
  const cells = doc
    .split("\n")
    .find((line) => line.startsWith(`| \`${name}\` |`))
    ?.split("|");
  const missing = sampleNames.filter((event) => render(goldenEvent(name, event)) === undefined);
  const named = missing.map((event) => (shared as Readonly<Record<string, string>>)[event] ?? event);
  expect(cells?.[3]?.trim()).toBe(named.join(", "));
});

describe("the receiver in TypeScript, as it stands in the documentation", () => {
  const secret = newWebhookSecret();
  const lines: string[] = [];
  let output: Interface;
  let receiver: ChildProcess;
  let url: string;

  beforeAll(async () => {
    receiver = spawn(process.execPath, ["--input-type=module-typescript", "-"], {
      cwd: root,
      env: { ...process.env, WEBHOOK_SECRET: secret, PORT: "0" },
      stdio: ["pipe", "pipe", "inherit"],
    });
    const { stdin, stdout } = receiver;
    if (stdin === null || stdout === null) throw new Error("the receiver has no pipes");
    output = createInterface(stdout);
    stdin.end(block("## Verify what you receive", "ts"));
    const [address] = await once(output, "line");
    const { port }: { port: number } = JSON.parse(address);
    output.on("line", (line) => lines.push(line));
    url = `http://127.0.0.1:${port}`;
  });

  afterAll(async () => {
    if (receiver.exitCode !== null) return;
    receiver.kill();
    await once(receiver, "exit");
  });

  const body = '{"type":"task.completed","data":{"text":"Größe 🪃"}}';
  const delivery = { id: "dlv_1", eventId: "evt_1", eventType: "task.completed", body, format: "standard" };
  const signed = (eventId: string, now = Date.now(), by = secret) =>
    deliveryHeaders({ ...delivery, eventId }, [by], {}, now);
  const post = async (headers: Record<string, string>, sent = body) =>
    (await fetch(url, { method: "POST", headers, body: sent })).status;

  test("takes what we sign, and handles it once", async () => {
    expect(await post(signed("evt_1"))).toBe(204);
    expect(await post(signed("evt_1"))).toBe(204);
    const other = body.replace("completed", "failed");
    expect(
      await post(deliveryHeaders({ ...delivery, eventId: "evt_2", body: other }, [secret], {}, Date.now()), other),
    ).toBe(204);
    while (lines.length < 2) await once(output, "line");
    expect(lines).toEqual([body, other]);
  });

  test("takes either secret's signature during a rotation", async () => {
    expect(
      await post(deliveryHeaders({ ...delivery, eventId: "evt_3" }, [newWebhookSecret(), secret], {}, Date.now())),
    ).toBe(204);
  });

  test.each<[string, () => Promise<number>]>([
    ["another body", () => post(signed("evt_4"), body.replace("completed", "failed"))],
    ["a body that was written again", () => post(signed("evt_4"), JSON.stringify(JSON.parse(body), null, 1))],
    ["another id", () => post({ ...signed("evt_4"), "webhook-id": "evt_5" })],
    ["an old timestamp", () => post(signed("evt_4", Date.now() - 301_000))],
    ["another secret", () => post(signed("evt_4", Date.now(), newWebhookSecret()))],
    ["no signature", () => post({})],
  ])("refuses %s with 401", async (_what, send) => {
    expect(await send()).toBe(401);
  });
});

test("what the documentation refers to is there", () => {
  const paths = [...doc.matchAll(/`(functions\/[\w/.-]+)`/g)].map(([, path]) => path ?? "");
  expect(paths).toEqual(["functions/test/fixtures/formats/"]);
  for (const path of paths) expect(existsSync(join(root, path))).toBe(true);
});
