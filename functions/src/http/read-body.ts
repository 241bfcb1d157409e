import { BoomerangError } from "../domain/errors.ts";
import { isTooDeep } from "../domain/storable.ts";
import { invalidFields } from "../domain/validation.ts";

const maxBodyBytes = 1_024 * 1_024;
const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * The request's JSON body; where it is optional and left out, an empty object. Throws 415, 413 or 400 where there is none
 * that can be read.
 */
export async function readJson(request: Request, { optional }: { readonly optional: boolean }): Promise<unknown> {
  const body = await readBytes(request);
  if (optional && body.byteLength === 0) return {};
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type)) {
    const message = "Send the body as JSON, with Content-Type: application/json.";
    throw new BoomerangError("unsupported_media_type", message, { status: 415 });
  }
  refuseEncoded(request.headers);
  const value = parse(body);
  // What checks and keeps it recurses.
  if (isTooDeep(value)) throw invalidFields([{ field: "body", message: "is nested too deeply" }]);
  return value;
}

/** Of a body that is too large no more is held than it takes to see that. */
async function readBytes({ body }: Request): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader = body?.getReader();
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    bytes += part.value.byteLength;
    if (bytes > maxBodyBytes) {
      const message = `The body has more than ${maxBodyBytes} bytes, which is the most that is taken.`;
      throw new BoomerangError("body_too_large", message, { status: 413 });
    }
    chunks.push(part.value);
  }
  return Buffer.concat(chunks);
}

/** Throws 415 for a body that is compressed: unpacked, it could have any size. */
export function refuseEncoded(sent: Headers): void {
  if ((sent.get("content-encoding") ?? "identity").trim().toLowerCase() === "identity") return;
  const message = "Send the body as it is, without a Content-Encoding.";
  const headers = { "Accept-Encoding": "identity" };
  throw new BoomerangError("unsupported_media_type", message, { status: 415, headers });
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(body));
  } catch (cause) {
    throw new BoomerangError("not_json", "The body is not JSON (RFC 8259) in UTF-8.", { status: 400, cause });
  }
}
