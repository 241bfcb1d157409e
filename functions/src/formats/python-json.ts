/**
 * JSON as Python's `json.dumps(value, sort_keys=True)` writes what it read from this very text. A receiver that parses a body and
 * writes it again before it computes an HMAC comes to the same bytes.
 */
export function pythonJson(value: unknown): string {
  if (typeof value === "number") return pythonNumber(value);
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(", ")}]`;
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    entries.sort(([a], [b]) => byCodePoint(a, b));
    return `{${entries.map(([key, item]) => `${pythonJson(key)}: ${pythonJson(item)}`).join(", ")}}`;
  }
  const text = JSON.stringify(value) ?? "null";
  return text.replaceAll(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Both languages write the fewest digits that read back as the same number, but Python has an exponent below 0.0001, of two digits. */
function pythonNumber(value: number): string {
  if (value === 0 || Math.abs(value) >= 0.0001) return JSON.stringify(value);
  return value.toExponential().replace(/e-(\d)$/, "e-0$1");
}

/** As Python sorts text; JavaScript's own order, by UTF-16 code units, puts an emoji before U+FF01. */
function byCodePoint(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  const at = left.findIndex((char, index) => char !== right[index]);
  if (at === -1) return left.length - right.length;
  return (left[at]?.codePointAt(0) ?? -1) - (right[at]?.codePointAt(0) ?? -1);
}
