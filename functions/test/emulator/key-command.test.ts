import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { initializeApp } from "firebase-admin/app";
import { getFirestore } from "firebase-admin/firestore";
import { createApiClient } from "../support/api-client.ts";
import { createTestDeps } from "../support/test-deps.ts";

const projectId = `demo-t-${randomUUID().slice(0, 13)}`;
const db = getFirestore(initializeApp({ projectId }, projectId));
const api = createApiClient(createTestDeps(db));
afterAll(() => db.terminate());

const main = join(import.meta.dirname, "../../../scripts/main.ts");

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `npm run key -- args`, without npm; `env` on top of the test's own, and nothing is set that is undefined. */
function runKey(args: readonly string[], env: Record<string, string | undefined> = {}): Promise<Ended> {
  const { promise, resolve } = Promise.withResolvers<Ended>();
  const own = { ...process.env, GCLOUD_PROJECT: undefined, GOOGLE_CLOUD_PROJECT: undefined, ...env };
  const child = execFile(process.execPath, [main, "key", ...args], { env: own }, (_error, stdout, stderr) => {
    resolve({ code: child.exitCode ?? -1, stdout, stderr });
  });
  return promise;
}

test("the first key is made without one, is all that stdout holds, and opens the API", async () => {
  const { code, stdout, stderr } = await runKey(["--owner", "operator", "--project", projectId]);
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^bmr_[\w-]{43}\n$/)]);
  expect(stderr).toMatch(
    new RegExp(`^Made key_\\S+ for the owner operator \\(admin\\) in the project ${projectId}, in the em`),
  );
  expect(stderr).not.toContain(stdout.trim());
  const { status, body } = await api("GET", "/keys", { key: stdout.trim() });
  expect(status).toBe(200);
  expect(body.data).toEqual([
    expect.objectContaining({ owner_id: "operator", scopes: ["admin"], name: null, created_by: null }),
  ]);
});

test("a key has the owner, the scopes and the name that are said", async () => {
  const args = ["--owner", "web-app", "--scopes", "tasks:read,webhooks", "--name", "Web app"];
  const { code, stdout } = await runKey(args, { GCLOUD_PROJECT: projectId });
  expect(code).toBe(0);
  const key = stdout.trim();
  const answers = await Promise.all(["/tasks/none", "/webhooks", "/keys"].map((path) => api("GET", path, { key })));
  expect(answers.map(({ status }) => status)).toEqual([404, 200, 403]);
  const { docs } = await db.collection("apiKeys").where("ownerId", "==", "web-app").get();
  expect(docs.map((doc) => doc.get("name"))).toEqual(["Web app"]);
});

test.each<[string, string[], RegExp]>([
  ["no owner", [], /--owner is missing/],
  ["an owner that cannot be one", ["--owner", "a/b"], /--owner: is not usable/],
  ["an unknown scope", ["--owner", "a", "--scopes", "tasks:read,root"], /--scopes: Invalid option.*"tasks:read"/],
  ["a scope twice", ["--owner", "a", "--scopes", "admin,admin"], /--scopes: names a scope twice/],
  ["an unknown option", ["--owner", "a", "--admin"], /Unknown option '--admin'/],
  ["a stray word", ["--owner", "a", "b"], /Unexpected argument 'b'/],
])("with %s it says how it is called, and makes nothing", async (_what, args, reason) => {
  const own = `demo-t-${randomUUID().slice(0, 13)}`;
  const { code, stdout, stderr } = await runKey([...args, "--project", own]);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(reason);
  expect(stderr).toContain("Usage: npm run key -- --owner NAME");
  const elsewhere = getFirestore(initializeApp({ projectId: own }, own));
  expect((await elsewhere.collection("apiKeys").get()).size).toBe(0);
  await elsewhere.terminate();
});

test("outside of the emulator it wants to know the project, and says where credentials come from", async () => {
  const real = { FIRESTORE_EMULATOR_HOST: undefined, GOOGLE_APPLICATION_CREDENTIALS: undefined, HOME: "/nowhere" };
  const unnamed = await runKey(["--owner", "operator"], real);
  expect([unnamed.code, unnamed.stdout]).toEqual([2, ""]);
  expect(unnamed.stderr).toContain("Name the project");
  const stranger = await runKey(["--owner", "operator", "--project", "no-such-project"], {
    ...real,
    METADATA_SERVER_DETECTION: "none",
  });
  expect([stranger.code, stranger.stdout]).toEqual([1, ""]);
  expect(stranger.stderr).toContain("gcloud auth application-default login");
  expect(stranger.stderr).not.toMatch(/\n\s+at /);
});
