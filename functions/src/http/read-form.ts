import { Readable } from "node:stream";
import { Busboy, type BusboyInstance } from "@fastify/busboy";
import { BoomerangError } from "../domain/errors.ts";
import { invalidFields } from "../domain/validation.ts";
import { refuseEncoded } from "./read-body.ts";

/** The file part of a form, as its sender describes it. */
export interface FormFile {
  readonly name: string;
  readonly contentType: string;
  readonly content: Readable;
}

/** A form's text fields by their names, and what became of its file. */
export interface Form<Kept> {
  readonly fields: Readonly<Record<string, string>>;
  /** Undefined where it has none. */
  readonly file: Kept | undefined;
}

interface FormOptions {
  /** Name of the one field that may be a file. */
  readonly fileField: string;
  /** Of the whole body. */
  readonly maxBytes: number;
  readonly tooLarge: BoomerangError;
}

const limits = { fieldSize: 8_192, fields: 20, parts: 21, headerPairs: 20, headerSize: 8_192 };

/**
 * Reads `multipart/form-data` (RFC 7578) as it comes in; its parts may have any order. The file goes to `keep` while it is read, and
 * is never held whole. Where anything is wrong, reading stops at once, and it throws when what `keep` had begun has ended.
 * Throws 415, 413, and 400 (`bad_form`, `validation_failed`); and what `keep` throws.
 */
export async function readForm<Kept>(
  request: Request,
  { fileField, maxBytes, tooLarge }: FormOptions,
  keep: (file: FormFile) => Promise<Kept>,
): Promise<Form<Kept>> {
  const parser = createParser(request.headers);
  if (Number(request.headers.get("content-length")) > maxBytes) throw tooLarge;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fields = new Map<string, string>();
  let content: Readable | undefined;
  let kept: Promise<Kept> | undefined;
  const refuse = (field: string, message: string) => reject(invalidFields([{ field, message }]));

  parser.on("field", (name = "", value, _nameTruncated, truncated) => {
    if (name === "") refuse("body", "has a field without a name");
    else if (truncated) refuse(name, `is longer than ${limits.fieldSize} bytes`);
    else if (fields.has(name)) refuse(name, "is given twice");
    else fields.set(name, value);
  });
  parser.on("file", (name = "", stream, fileName = "", _encoding, contentType) => {
    // The parser tells of it, too.
    stream.on("error", () => {});
    if (name !== fileField) return refuse(name || "body", "must be text, not a file");
    if (kept !== undefined) return refuse(name, "is given twice");
    content = stream;
    kept = keep({ name: fileName, contentType, content: stream });
    return kept.catch(reject);
  });
  for (const limit of ["fieldsLimit", "partsLimit"] as const) {
    parser.on(limit, () => refuse("body", `has more than ${limits.fields} fields`));
  }
  parser.on("error", () => reject(badForm("It is not well-formed, or ends too early.")));
  parser.on("finish", resolve);
  const source = Readable.from(bytesOf(request, maxBytes, tooLarge));
  source.on("error", reject);
  source.pipe(parser);
  try {
    await promise;
    return { fields: Object.fromEntries(fields), file: await kept };
  } catch (error) {
    source.unpipe(parser);
    source.destroy();
    content?.destroy(new Error("The form was refused."));
    await kept?.catch(() => {});
    throw error;
  }
}

function createParser(headers: Headers): BusboyInstance {
  const type = headers.get("content-type") ?? "";
  if (!/^multipart\/form-data\s*(;|$)/i.test(type)) {
    const message = "Send the body as multipart/form-data.";
    throw new BoomerangError("unsupported_media_type", message, { status: 415 });
  }
  refuseEncoded(headers);
  try {
    return new Busboy({ headers: { "content-type": type }, limits });
  } catch {
    throw badForm("The Content-Type names no boundary.");
  }
}

async function* bytesOf({ body }: Request, maxBytes: number, tooLarge: BoomerangError): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  let bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) throw tooLarge;
      yield chunk;
    }
  } catch (error) {
    throw error === tooLarge ? error : badForm("It broke off.", error);
  }
}

function badForm(what: string, cause?: unknown): BoomerangError {
  const message = `The body cannot be read as multipart/form-data (RFC 7578). ${what}`;
  return new BoomerangError("bad_form", message, { status: 400, cause });
}
