import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder, root } from "../../../scripts/stack/layout.ts";
import { startService } from "../support/recording-service.ts";
import { callApi, fetchJson, hostingUrl } from "../support/stack.ts";

jest.setTimeout(120_000);
const run = promisify(execFile);
const tool = (name: string) => join(root, "node_modules", ".bin", name);
// Within the tree, where the generated code finds its runtime.
const folder = join(cacheFolder, `client-${randomUUID()}`);
beforeAll(() => mkdirSync(folder, { recursive: true }));
afterAll(() => rmSync(folder, { recursive: true }));

/** The program of docs/api.md, with names of this test's own. */
function program(service: string): string {
  const [, code] = /```ts\n(.*?)```/s.exec(readFileSync(join(root, "docs", "api.md"), "utf8")) ?? [];
  if (code === undefined) throw new Error("docs/api.md has no program in TypeScript");
  return code.replace("my-service", service).replace("order-7", service);
}

test("a client that a public generator makes of the document compiles, submits a task and reads it", async () => {
  const { url, calls } = await startService(() => ({ body: { status: "accepted" } }));
  const service = `client-${randomUUID()}`;
  expect((await callApi("PUT", `/services/${service}`, { body: { url } })).status).toBe(201);

  const { body } = await fetchJson("GET", `${hostingUrl()}/api/openapi.json`);
  writeFileSync(join(folder, "openapi.json"), JSON.stringify(body));
  await run(tool("oazapfts"), [join(folder, "openapi.json"), join(folder, "boomerang.ts")]);
  writeFileSync(join(folder, "main.ts"), program(service));
  const compilerOptions = { types: ["node"], exactOptionalPropertyTypes: false };
  const settings = { extends: join(root, "tsconfig.base.json"), compilerOptions, include: ["*.ts"] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(settings));
  const compiled = await run(tool("tsc"), ["-p", folder]).catch((error: { stdout: string }) => error);
  expect(compiled.stdout).toBe("");

  const { stdout } = await run(process.execPath, [join(folder, "main.ts")]);
  const [id] = stdout.split(" ");
  expect(stdout).toBe(`${id} A lighthouse\n`);
  const { status, body: task } = await callApi("GET", `/tasks/${id}`);
  expect([status, task]).toMatchObject([200, { id, service, prompt: "A lighthouse" }]);
  expect(calls.every((call) => call.body.correlationId === id)).toBe(true);
});
