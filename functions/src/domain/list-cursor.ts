import { digestOf } from "./canonical-json.ts";
import { invalidFields } from "./validation.ts";

/** Where a page of a list that is ordered by time and id ended. */
export interface Position {
  /** Since 1970, with the nanoseconds of that second: a time that the database gave is finer than a millisecond. */
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly id: string;
}

/** What a list is of: its name, its owner, its filters. */
export type ListName = readonly unknown[];

/**
 * The cursor by which a list goes on after `position`. It holds nothing but that position, which its reader has just seen, so that
 * going on needs no read, and nothing that is deleted or changed meanwhile matters.
 */
export function writeCursor(list: ListName, { seconds, nanoseconds, id }: Position): string {
  return Buffer.from([nameOf(list), seconds, nanoseconds, id].join(separator)).toString("base64url");
}

/** The position in a cursor that this very list gave. Throws `validation_failed` (400), naming `cursor`, for any other text. */
export function readCursor(list: ListName, cursor: string): Position {
  const [, seconds, nanoseconds, id] = form.exec(Buffer.from(cursor, "base64url").toString()) ?? [];
  const position = { seconds: Number(seconds), nanoseconds: Number(nanoseconds), id: id ?? "" };
  const inTime = position.seconds >= minSeconds && position.seconds <= maxSeconds;
  if (inTime && writeCursor(list, position) === cursor) return position;
  const message = "is not one that this list gave with these filters; begin without a cursor";
  throw invalidFields([{ field: "cursor", message }]);
}

const separator = ".";
const form = /^[0-9a-f]{16}\.(-?\d{1,12})\.(\d{1,9})\.(.+)$/s;
/** Firestore's time: from the beginning of the year 1 to the end of the year 9999. */
const minSeconds = -62_135_596_800;
const maxSeconds = 253_402_300_799;

/** Enough to notice a cursor of another list; nobody is kept out by it. */
function nameOf(list: ListName): string {
  return digestOf(list).slice(0, 16);
}
