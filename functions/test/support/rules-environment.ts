import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  assertFails,
  assertSucceeds,
  initializeTestEnvironment,
  type RulesTestContext,
} from "@firebase/rules-unit-testing";
import { doc, type Firestore, setDoc, setLogLevel } from "firebase/firestore";

/** Everybody who may knock: `pretender` carries an admin claim of the wrong type, `stranger` has no claim and no data. */
export const ROLES = ["anonymous", "owner", "other", "stranger", "pretender", "admin"] as const;
export type Role = (typeof ROLES)[number];

const CLAIMS: Partial<Record<Role, Record<string, unknown>>> = { admin: { admin: true }, pretender: { admin: "true" } };

/** A role's uid is its name, so that `users/owner` reads as what it is. */
export interface RulesHarness {
  as(role: Role): Firestore;
  /** Writes past the rules, as the functions do. */
  seed(documents: Record<string, Record<string, unknown>>): Promise<void>;
  close(): Promise<void>;
}

export type RulesFile = "firestore.rules" | "storage.rules";

/** The text of a rules file at the project's root. */
export function readRules(file: RulesFile): string {
  return readFileSync(join(import.meta.dirname, "../../..", file), "utf8");
}

/**
 * Host and port of the running Firestore emulator.
 * @throws Error when the environment does not name it.
 */
export function firestoreEmulator(): { host: string; port: number } {
  const address = process.env.FIRESTORE_EMULATOR_HOST;
  const [, host, port] = /^(.+):(\d+)$/.exec(address ?? "") ?? [];
  if (host === undefined || port === undefined) {
    throw new Error(
      `FIRESTORE_EMULATOR_HOST is ${address ?? "not set"}, expected host:port; start the emulators with "npm test".`,
    );
  }
  return { host, port: Number(port) };
}

/**
 * Loads `firestore.rules` into the emulator under a project of its own, in which no trigger runs and no other test
 * writes, and empties that project.
 */
export async function openRulesHarness(projectId: string): Promise<RulesHarness> {
  setLogLevel("error"); // The client warns of every refusal, and refusals are what is tested.
  const environment = await initializeTestEnvironment({
    projectId,
    firestore: { ...firestoreEmulator(), rules: readRules("firestore.rules") },
  });
  await environment.clearFirestore();
  const signIn = (role: Role) =>
    role === "anonymous"
      ? environment.unauthenticatedContext()
      : environment.authenticatedContext(role, CLAIMS[role] ?? {});
  const databases = new Map(ROLES.map((role) => [role, databaseOf(signIn(role))]));
  return {
    as(role) {
      const database = databases.get(role);
      if (database === undefined) throw new Error(`No such role: ${role}; add it to ROLES.`);
      return database;
    },
    seed: (documents) =>
      environment.withSecurityRulesDisabled(async (context) => {
        const database = databaseOf(context);
        await Promise.all(Object.entries(documents).map(([path, data]) => setDoc(doc(database, path), data)));
      }),
    close: () => environment.cleanup(),
  };
}

/** The context's type is of the older, namespaced client; its instance serves the modular functions as well. */
function databaseOf(context: RulesTestContext): Firestore {
  return context.firestore() as unknown as Firestore;
}

/** Passes when every request is allowed, or every one refused, as expected; any failure but PERMISSION_DENIED is an error. */
export async function expectAccess(allowed: boolean, ...requests: Promise<unknown>[]): Promise<void> {
  await Promise.all(requests.map(allowed ? assertSucceeds : assertFails));
}

/** The names of those requests that the rules let through; any failure but PERMISSION_DENIED is an error. */
export async function namesOfAllowed(attempts: { name: string; request: Promise<unknown> }[]): Promise<string[]> {
  const answers = await Promise.all(
    attempts.map(async ({ name, request }) => {
      const [refused] = await Promise.allSettled([request]);
      if (refused.status === "fulfilled") return [name];
      await assertFails(request);
      return [];
    }),
  );
  return answers.flat();
}

/**
 * What the rules compiler has to say about a rules file: errors and warnings, one line each; nothing when all is well.
 * The Firestore emulator compiles rules of any service; the file becomes the rules of `projectId` there.
 */
export async function compileRules(file: RulesFile, projectId: string): Promise<string[]> {
  const { host, port } = firestoreEmulator();
  const response = await fetch(`http://${host}:${port}/emulator/v1/projects/${projectId}:securityRules`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ rules: { files: [{ name: file, content: readRules(file) }] } }),
  });
  const answer = (await response.json()) as CompilerAnswer;
  const issues = answer.issues ?? [];
  return [
    ...(answer.error ? [answer.error.message] : []),
    ...issues.map(({ description, sourcePosition }) => `${file}:${sourcePosition?.line ?? "?"} ${description}`),
  ];
}

interface CompilerAnswer {
  error?: { message: string };
  issues?: { description: string; sourcePosition?: { line: number } }[];
}
