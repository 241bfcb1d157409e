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
  const body = await request.arrayBuffer();
  if (optional && body.byteLength === 0) return {};
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type)) {
    const message = "Send the body as JSON, with Content-Type: application/json.";
    throw new BoomerangError("unsupported_media_type", message, { status: 415 });
  }
  refuseEncoded(request.headers);
  if (body.byteLength > maxBodyBytes) {
    const message = `The body has ${body.byteLength} bytes; at most ${maxBodyBytes} are taken.`;
    throw new BoomerangError("body_too_large", message, { status: 413 });
  }
  const value = parse(body);
  // What checks and keeps it recurses.
  if (isTooDeep(value)) throw invalidFields([{ field: "body", message: "is nested too deeply" }]);
  return value;
}

/** Throws 415 for a body that is compressed: unpacked, it could have any size. */
export function refuseEncoded(sent: Headers): void {
  if ((sent.get("content-encoding") ?? "identity").trim().toLowerCase() === "identity") return;
  const message = "Send the body as it is, without a Content-Encoding.";
  const headers = { "Accept-Encoding": "identity" };
  throw new BoomerangError("unsupported_media_type", message, { status: 415, headers });
}

function parse(body: ArrayBuffer): unknown {
  try {
    return JSON.parse(utf8.decode(body));
  } catch (cause) {
    throw new BoomerangError("not_json", "The body is not JSON (RFC 8259) in UTF-8.", { status: 400, cause });
  }
}
