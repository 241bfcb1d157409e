import { DocumentReference, GeoPoint, Timestamp } from "firebase-admin/firestore";

/**
 * A field of an application's document as JSON has it, since a service is told of it in JSON: a Timestamp in ISO 8601, a
 * reference as its path, bytes in base64, a GeoPoint as `{latitude, longitude}`, a vector as an array; NaN and the
 * infinities, which JSON has not, as null. Firestore nests no deeper than 20 levels.
 */
export function plainJson(value: unknown): unknown {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (value === null || typeof value !== "object") return value;
  if (value instanceof Timestamp) return value.toDate().toISOString();
  if (value instanceof DocumentReference) return value.path;
  if (value instanceof GeoPoint) return { latitude: value.latitude, longitude: value.longitude };
  if (ArrayBuffer.isView(value)) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
  }
  // The class of vectors is not exported. A map's own field is never a function.
  if ("toArray" in value && typeof value.toArray === "function") return value.toArray();
  if (Array.isArray(value)) return value.map(plainJson);
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plainJson(part)]));
}
