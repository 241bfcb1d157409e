import { randomUUID } from "node:crypto";
import { getApps, initializeApp } from "firebase-admin/app";
import type { Firestore } from "firebase-admin/firestore";
import { getStorage } from "firebase-admin/storage";
import type { Deps } from "../../src/deps.ts";
import { createApp } from "../../src/http/app.ts";
import { createFiles, type Files } from "../../src/platform/files.ts";
import { type ApiAnswer, newKey, registerService } from "./api-client.ts";

/** A bucket of the test's own in the Storage emulator. */
export interface Bucket {
  readonly name: string;
  readonly files: Files;
  /** Everything that lies in it. */
  paths(): Promise<string[]>;
  /** What of it was uploaded for a task. */
  filesOf(taskId: unknown): Promise<string[]>;
}

export function newBucket(): Bucket {
  if (!process.env.FIREBASE_STORAGE_EMULATOR_HOST) {
    throw new Error(
      "FIREBASE_STORAGE_EMULATOR_HOST is not set: this test needs the Storage emulator, as npm test has it.",
    );
  }
  if (!getApps().some(({ name }) => name === "[DEFAULT]")) initializeApp({ projectId: "demo-test" });
  const name = `t-${randomUUID()}`;
  const paths = async () => (await getStorage().bucket(name).getFiles())[0].map((file) => file.name).sort();
  const filesOf = async (id: unknown) => (await paths()).filter((path) => path.startsWith(`uploads/${id}/`));
  return { name, files: createFiles(name), paths, filesOf };
}

/** A key that may upload, and read what became of it; the service that uploads go to is registered. */
export async function uploadersKey(db: Firestore): Promise<string> {
  await registerService(db, "ingest");
  return await newKey(db, "anna", ["tasks:read", "tasks:write"]);
}

export const boundary = "----boundary-of-a-test";
export const formType = `multipart/form-data; boundary=${boundary}`;

/** One part of a form as it is sent; a file where it has a file name. */
export function part(name: string, content: string | Buffer, file?: { name: string; type?: string }): Buffer {
  const fileName = file === undefined ? "" : `; filename="${file.name}"`;
  const type = file === undefined ? "" : `Content-Type: ${file.type ?? "application/pdf"}\r\n`;
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${fileName}\r\n${type}\r\n`;
  return Buffer.concat([Buffer.from(head), Buffer.from(content), Buffer.from("\r\n")]);
}

export const end = Buffer.from(`--${boundary}--\r\n`);

export const sourceType = part("source_type", "document");
export const pdf = part("file", "%PDF-1.7 content", { name: "report.pdf" });

type Body = Buffer | readonly Buffer[] | AsyncIterable<Uint8Array>;

/** Sends a form to the API in this process, as a stream. */
export async function upload(
  deps: Deps,
  key: string,
  body: Body,
  headers: Readonly<Record<string, string>> = {},
): Promise<ApiAnswer> {
  const request = new Request("http://127.0.0.1/api/v1/ingest/file", {
    method: "POST",
    headers: { "content-type": formType, "x-api-key": key, ...headers },
    body: ReadableStream.from(Buffer.isBuffer(body) ? [body] : body),
    duplex: "half",
  });
  const response = await createApp(deps).fetch(request);
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: text === "" ? {} : JSON.parse(text) };
}
