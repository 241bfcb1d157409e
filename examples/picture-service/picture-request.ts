import { type FieldProblem, HttpError } from "../common/http-server.ts";

const MODES = ["callback", "error", "silent", "duplicate", "sync"] as const;

/** How a job ends; everything but `callback` and `sync` is there to try a caller's patience on purpose. */
export type Mode = (typeof MODES)[number];

/** What a caller may ask for. */
export interface PictureRequest {
  readonly correlationId: string;
  /** Absent only in mode `sync`. */
  readonly callbackUrl?: string;
  readonly prompt: string;
  readonly mode: Mode;
  /** Seconds that each of the four stages takes at least. */
  readonly stageSeconds: number;
}

/** Checks a request body field by field; throws a 400 `HttpError` that names every bad one. Unknown fields are ignored. */
export function parsePictureRequest(body: Buffer, defaultStageSeconds: number): PictureRequest {
  const fields = parseObject(body);
  const problems: FieldProblem[] = [];
  const mode = fields.mode ?? "callback";
  if (!isMode(mode)) problems.push({ field: "mode", message: `must be one of ${MODES.join(", ")}` });
  const correlationId = text(fields, "correlationId", 200, problems);
  const prompt = text(fields, "prompt", 2000, problems);
  const callbackUrl = fields.callbackUrl;
  if (callbackUrl === undefined ? mode !== "sync" : !isHttpUrl(callbackUrl)) {
    problems.push({ field: "callbackUrl", message: "must be an http or https URL, to which the outcome is sent" });
  }
  const stageSeconds = fields.stageSeconds ?? defaultStageSeconds;
  if (typeof stageSeconds !== "number" || !(stageSeconds >= 0 && stageSeconds <= 60)) {
    problems.push({ field: "stageSeconds", message: "must be a number from 0 to 60" });
  }
  if (problems.length > 0) {
    const names = problems.map(({ field }) => field).join(", ");
    throw new HttpError(400, `These fields are missing or wrong: ${names}.`, problems);
  }
  return {
    correlationId,
    prompt,
    mode: mode as Mode,
    stageSeconds: stageSeconds as number,
    ...(typeof callbackUrl === "string" ? { callbackUrl } : {}),
  };
}

function parseObject(body: Buffer): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch {
    throw new HttpError(400, "The body is not JSON. Send an object with correlationId, callbackUrl and prompt.");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new HttpError(400, "The body must be a JSON object with correlationId, callbackUrl and prompt.");
  }
  return value as Record<string, unknown>;
}

function text(fields: Record<string, unknown>, field: string, longest: number, problems: FieldProblem[]): string {
  const value = fields[field];
  if (typeof value === "string" && value.trim() !== "" && value.length <= longest) return value;
  problems.push({ field, message: `must be a text of 1 to ${longest} characters` });
  return "";
}

function isMode(value: unknown): value is Mode {
  return MODES.some((mode) => mode === value);
}

function isHttpUrl(value: unknown): boolean {
  if (typeof value !== "string") return false;
  const url = URL.parse(value);
  return url !== null && (url.protocol === "http:" || url.protocol === "https:");
}
