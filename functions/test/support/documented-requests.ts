import { randomBytes, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Firestore } from "firebase-admin/firestore";
import { keyRef } from "./api-client.ts";
import { adminKey, fetchJson, hostingUrl, type StackAnswer } from "./stack.ts";

/** A documented request: what is sent, and what the documentation prints. */
export interface DocumentedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly form?: Readonly<Record<string, string>>;
}

/** The requests and answers that another system's documentation prints. */
export function documented(name: string) {
  return JSON.parse(readFileSync(join(import.meta.dirname, `../fixtures/${name}-requests.json`), "utf8"));
}

/** An owner of the test's own on the running stack, who may do everything but what only admins may. */
export async function newOwner(db: Firestore): Promise<string> {
  const key = randomBytes(24).toString("base64url");
  const scopes = ["tasks:read", "tasks:write", "webhooks"];
  await keyRef(db, key).create({ ownerId: `owner-${randomUUID()}`, scopes });
  return key;
}

/** Registers a service over HTTP, as its operator would. */
export async function putService(name: string, url: string): Promise<void> {
  const { status } = await fetchJson("PUT", `${hostingUrl()}/api/v1/services/${name}`, {
    headers: adminKey(),
    body: { url },
  });
  if (status !== 200 && status !== 201) throw new Error(`The service ${name} was not registered: ${status}`);
}

/**
 * Sends a documented request to the running stack, through Hosting: as it is printed, but for the host, the key, the ids in its path,
 * and what `changed` says of its body.
 */
export async function replay(
  { method, path, headers = {}, body }: DocumentedRequest,
  key: string,
  { id = "", changed = {} }: { id?: unknown; changed?: object } = {},
): Promise<StackAnswer> {
  const sent = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  // Where the documentation prints no key, it goes to X-API-Key.
  if (sent.has("authorization")) sent.set("authorization", `Bearer ${key}`);
  else sent.set("x-api-key", key);
  const url = hostingUrl() + path.replace(/\{\w+\}/, String(id));
  return await fetchJson(method, url, {
    headers: Object.fromEntries(sent),
    ...(body === undefined ? {} : { body: { ...body, ...changed } }),
  });
}
