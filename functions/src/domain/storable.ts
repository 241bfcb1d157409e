/**
 * Firestore takes fewer values than JSON has: no array directly in an array, no empty or `__reserved__` keys, no more than
 * 20 levels, no unpaired surrogates. What it cannot hold as it is, is kept whole as text in `{"$json": "…"}`. So is what is
 * large: Firestore counts 8 bytes for a number that is one character of JSON, and a document ends at 1 MiB.
 */
const textKey = "$json";
/** Below Firestore's 20, since the value sits inside a document's own fields. */
const maxNativeDepth = 15;
const maxNativeLength = 16_384;
/** JSON.stringify and every consumer recurse; nothing honest is nested deeper. */
export const maxJsonDepth = 100;

/** `value` (parsed JSON) as Firestore can hold it. The reverse is `fromStorable`. */
export function toStorable(value: unknown): unknown {
  const text = JSON.stringify(value);
  return text.length <= maxNativeLength && isNative(value, 0) ? value : { [textKey]: text };
}

/** What `toStorable` was given. */
export function fromStorable(value: unknown): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  const [entry, ...others] = Object.entries(value);
  if (entry === undefined || others.length > 0 || entry[0] !== textKey || typeof entry[1] !== "string") return value;
  return JSON.parse(entry[1]);
}

/** Whether `value` (parsed JSON) is nested deeper than `maxJsonDepth`. Does not recurse, so that hostile input cannot overflow the stack. */
export function isTooDeep(value: unknown): boolean {
  let level: object[] = value !== null && typeof value === "object" ? [value] : [];
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > maxJsonDepth) return true;
    level = level.flatMap((part) => Object.values(part).filter((child) => child !== null && typeof child === "object"));
  }
  return false;
}

function isNative(value: unknown, depth: number): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (value === null || typeof value !== "object") return true;
  if (depth >= maxNativeDepth) return false;
  if (Array.isArray(value)) return value.every((item) => !Array.isArray(item) && isNative(item, depth + 1));
  return Object.entries(value).every(([key, item]) => isNativeKey(key) && isNative(item, depth + 1));
}

function isNativeKey(key: string): boolean {
  return (
    key !== "" && key !== textKey && !/^__.*__$/s.test(key) && key.isWellFormed() && Buffer.byteLength(key) <= 1_500
  );
}
