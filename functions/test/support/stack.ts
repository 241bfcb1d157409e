import { randomUUID } from "node:crypto";
import { initializeApp } from "firebase-admin/app";
import { type Firestore, getFirestore } from "firebase-admin/firestore";
import { functionsUrl } from "../../../scripts/stack/layout.ts";

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

/** One HTTP request whose answer is JSON; a body that is not text is sent as JSON. */
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

/** A new user of the Auth emulator, signed in (its REST API is that of Identity Platform). */
export async function newUser(): Promise<SignedInUser> {
  const url = `http://${setting("FIREBASE_AUTH_EMULATOR_HOST")}/identitytoolkit.googleapis.com/v1/accounts:signUp?key=any`;
  const account = { email: `${randomUUID()}@example.com`, password: randomUUID(), returnSecureToken: true };
  const { status, body } = await fetchJson("POST", url, { body: account });
  if (status !== 200) throw new Error(`the Auth emulator answered ${status}: ${JSON.stringify(body)}`);
  return { uid: String(body.localId), idToken: String(body.idToken) };
}

/** Calls the callable `submitTask` as the client SDKs do (its wire protocol: JSON, `data` in and `result` out). */
export async function callSubmitTask(data: unknown, user?: SignedInUser): Promise<StackAnswer> {
  const headers: Record<string, string> = user === undefined ? {} : { authorization: `Bearer ${user.idToken}` };
  return await fetchJson("POST", functionUrl("submitTask"), { headers, body: { data } });
}
