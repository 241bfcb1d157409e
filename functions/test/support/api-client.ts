import { createHash, randomBytes } from "node:crypto";
import type { Firestore } from "firebase-admin/firestore";
import type { Deps } from "../../src/deps.ts";
import type { Scope } from "../../src/http/api-keys.ts";
import { createApp } from "../../src/http/app.ts";
import { checkDocumented } from "./documented-answers.ts";

/** An answer of the API, with its JSON read; `body` is empty where it is something else. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

interface Sent {
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; text and bytes as they are. */
  readonly body?: unknown;
}

export type CallApi = (method: string, path: string, sent?: Sent) => Promise<ApiAnswer>;

/**
 * Calls the HTTP API in this process, below `/api/v1` unless the path begins with `//`. Every answer is held against the OpenAPI
 * document.
 */
export function createApiClient(deps: Deps): CallApi {
  const app = createApp(deps);
  return async (method, path, { key, headers = {}, body } = {}) => {
    const raw = typeof body === "string" || body instanceof Uint8Array || body === undefined;
    const target = path.startsWith("//") ? path.slice(1) : `/api/v1${path}`;
    const response = await app.request(target, {
      method,
      headers: {
        ...(key === undefined ? {} : { "x-api-key": key }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: raw ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    checkDocumented(method, target, {
      status: response.status,
      headers: response.headers,
      text,
    });
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: parsed(response.headers.get("content-type"), text),
    };
  };
}

function parsed(type: string | null, text: string): Record<string, unknown> {
  return text !== "" && /json$/.test(type ?? "") ? JSON.parse(text) : {};
}

/** Where a key is kept: by its hash. */
export function keyRef(db: Firestore, key: string) {
  return db.collection("apiKeys").doc(createHash("sha256").update(key).digest("hex"));
}

/** Makes an API key of that owner. */
export async function newKey(db: Firestore, ownerId: string, scopes: readonly Scope[]): Promise<string> {
  const key = randomBytes(24).toString("base64url");
  await keyRef(db, key).create({ ownerId, scopes });
  return key;
}

/** Registers a service, as an operator would. */
export async function registerService(db: Firestore, name: string, parts: object = {}): Promise<void> {
  await db
    .collection("services")
    .doc(name)
    .set({ provider: "generic", url: "http://127.0.0.1:9/unused", ...parts });
}

/** The fields that a problem answer names, in its order. */
export function fieldsOf({ body }: Pick<ApiAnswer, "body">): string[] {
  const errors = Array.isArray(body.errors) ? body.errors : [];
  return errors.map(({ field }: { field: string }) => field);
}
