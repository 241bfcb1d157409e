import { randomUUID } from "node:crypto";
import { initializeApp } from "firebase-admin/app";
import { type Firestore, getFirestore } from "firebase-admin/firestore";
import { functionsUrl } from "../../../scripts/stack/layout.ts";
import { checkDocumented } from "./documented-answers.ts";

/** What a client of the running stack finds in its environment. */
function setting(name: string): string {
  const value = process.env[name];
  if (value) return value;
  throw new Error(`${name} is not set: this test needs the whole local stack. Run it with npm test, or npm run exec.`);
}

/** The stack's own Firestore, past its rules; every write in it has its trigger. */
export function stackFirestore(): Firestore {
  setting("FIRESTORE_EMULATOR_HOST");
  return getFirestore(initializeApp({ projectId: setting("GCLOUD_PROJECT") }, "stack"));
}

/** Where Hosting serves the API, and where its function is. */
export const hostingUrl = () => setting("BOOMERANG_URL");
export const functionUrl = (name: string) => `${functionsUrl}/${setting("GCLOUD_PROJECT")}/europe-west1/${name}`;
/** The header of the stack's admin key. */
export const adminKey = () => ({ "x-api-key": setting("BOOMERANG_API_KEY") });

export interface StackAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * One HTTP request whose answer is JSON; a body that is not text is sent as JSON. What the API answers through Hosting is held against
 * the OpenAPI document.
 */
export async function fetchJson(
  method: string,
  url: string,
  { headers = {}, body }: { headers?: Record<string, string>; body?: unknown } = {},
): Promise<StackAnswer> {
  const response = await fetch(url, {
    method,
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const { origin, pathname } = new URL(url);
  if (origin === process.env.BOOMERANG_URL)
    checkDocumented(method, pathname, { status: response.status, headers: response.headers, text });
  return { status: response.status, headers: response.headers, body: text === "" ? {} : JSON.parse(text) };
}

/** The API through Hosting, with the admin key unless `headers` says otherwise. */
export async function callApi(
  method: string,
  path: string,
  sent: { headers?: Record<string, string>; body?: unknown } = {},
): Promise<StackAnswer> {
  return await fetchJson(method, `${hostingUrl()}/api/v1${path}`, { ...sent, headers: sent.headers ?? adminKey() });
}

export interface SignedInUser {
  readonly uid: string;
  readonly idToken: string;
}

/** A new user of the Auth emulator, signed in. */
export async function newUser(): Promise<SignedInUser> {
  return await signIn("accounts:signUp?key=any", newAccount());
}

/** The same with the custom claim `admin`, which is in tokens that are issued after it was given. */
export async function newAdmin(): Promise<SignedInUser> {
  const account = newAccount();
  const { uid } = await signIn("accounts:signUp?key=any", account);
  const claim = { localId: uid, customAttributes: JSON.stringify({ admin: true }) };
  await askAuth(`projects/${setting("GCLOUD_PROJECT")}/accounts:update`, claim);
  return await signIn("accounts:signInWithPassword?key=any", account);
}

const newAccount = () => ({ email: `${randomUUID()}@example.com`, password: randomUUID(), returnSecureToken: true });

async function signIn(path: string, account: object): Promise<SignedInUser> {
  const { localId, idToken } = await askAuth(path, account);
  return { uid: String(localId), idToken: String(idToken) };
}

/** The Auth emulator's REST API is that of Identity Platform; as `owner` one may do anything. */
async function askAuth(path: string, body: object): Promise<StackAnswer["body"]> {
  const url = `http://${setting("FIREBASE_AUTH_EMULATOR_HOST")}/identitytoolkit.googleapis.com/v1/${path}`;
  const headers: Record<string, string> = path.startsWith("projects/") ? { authorization: "Bearer owner" } : {};
  const answer = await fetchJson("POST", url, { headers, body });
  if (answer.status !== 200)
    throw new Error(`the Auth emulator answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** Calls the callable `submitTask` as the client SDKs do (its wire protocol: JSON, `data` in and `result` out). */
export async function callSubmitTask(data: unknown, user?: SignedInUser): Promise<StackAnswer> {
  const headers: Record<string, string> = user === undefined ? {} : { authorization: `Bearer ${user.idToken}` };
  return await fetchJson("POST", functionUrl("submitTask"), { headers, body: { data } });
}
