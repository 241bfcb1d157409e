import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";
import { BoomerangError } from "./errors.ts";

/** What a secret is used for; each purpose has a key of its own (HKDF, RFC 5869). */
type Purpose = "callback-token" | "file-url" | "seal" | "callback-url-secret";

/** Signs for one purpose. */
interface Signer {
  /** HMAC-SHA256 of `text` with the newest secret, base64url. */
  sign(text: string): string;
  /** Whether `mac` is what one of the secrets signs `text` with; constant time. */
  verify(text: string, mac: string): boolean;
}

/** The project's secrets, newest first: the first signs and seals, all verify and open. Callback tokens are what it signs itself. */
export interface Keys extends Signer {
  /** Signs the URLs by which services fetch files. */
  readonly fileUrls: Signer;
  /** Encrypts `plain` (AES-256-GCM) for keeping at rest: `v1.{key id}.{iv}.{ciphertext}.{tag}`, base64url. */
  seal(plain: string): string;
  /** The secrets that sign what goes to an owner's callback URLs, newest first, as Standard Webhooks writes them. */
  ownerSecrets(ownerId: string): string[];
  /** The reverse of `seal`. Throws `unsealable` where the secret that sealed it is gone or the text was changed. */
  open(sealed: string): string;
}

const minSecretLength = 32;

/**
 * Reads `BOOMERANG_SECRET`: one secret, or several separated by commas or white space, newest first.
 * Throws `bad_configuration` where it is missing or too short, since a guessable secret makes forged callbacks possible.
 */
export function parseKeys(text: string | undefined): Keys {
  const secrets = (text ?? "").split(/[\s,]+/).filter((secret) => secret !== "");
  if (secrets.length === 0) throw badSecret("is not set. Set it with: firebase functions:secrets:set BOOMERANG_SECRET");
  if (secrets.some((secret) => secret.length < minSecretLength)) {
    throw badSecret(`must have at least ${minSecretLength} characters. Make one with: openssl rand -base64 48`);
  }
  // Key objects are prepared once, where the bytes of a key would be at every use.
  const derive = (purpose: Purpose) =>
    secrets.map((secret) => createSecretKey(Buffer.from(hkdfSync("sha256", secret, "boomerang", purpose, 32))));
  const ownerKeys = derive("callback-url-secret");
  const sealKeys = derive("seal").map((key) => ({ key, id: hmac(key, "key id").toString("base64url").slice(0, 8) }));

  return {
    ...signer(derive("callback-token")),
    fileUrls: signer(derive("file-url")),
    ownerSecrets: (ownerId) => ownerKeys.map((key) => `whsec_${hmac(key, ownerId).toString("base64")}`),
    seal(plain) {
      const { key, id } = first(sealKeys);
      const iv = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", key, iv);
      const parts = [iv, Buffer.concat([cipher.update(plain, "utf8"), cipher.final()]), cipher.getAuthTag()];
      return ["v1", id, ...parts.map((part) => part.toString("base64url"))].join(".");
    },
    open(sealed) {
      const [, id, ...parts] = isSealed(sealed) ? sealed.split(".") : [];
      const known = sealKeys.find((candidate) => candidate.id === id);
      const [iv, text, tag] = parts.map(decode);
      if (known === undefined || iv === undefined || text === undefined || tag === undefined) throw unsealable();
      try {
        const decipher = createDecipheriv("aes-256-gcm", known.key, iv, { authTagLength: 16 });
        decipher.setAuthTag(tag);
        return decipher.update(text, undefined, "utf8") + decipher.final("utf8");
      } catch (cause) {
        throw unsealable(cause);
      }
    },
  };
}

function signer(keys: readonly KeyObject[]): Signer {
  return {
    sign: (text) => hmac(first(keys), text).toString("base64url"),
    verify(text, mac) {
      // As text, since decoding would take many spellings of the same bytes.
      const given = Buffer.from(mac);
      return keys.some((key) => {
        const expected = Buffer.from(hmac(key, text).toString("base64url"));
        return given.length === expected.length && timingSafeEqual(given, expected);
      });
    },
  };
}

/** Whether `text` has the form of something that `seal` made. */
export function isSealed(text: string): boolean {
  return /^v1\.[\w-]{8}\.[\w-]{16}\.[\w-]*\.[\w-]{22}$/.test(text);
}

/** The bytes of a base64url text; undefined unless it is exactly how they are written. */
function decode(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : undefined;
}

function hmac(key: KeyObject, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function first<T>(list: readonly T[]): T {
  const [head] = list;
  if (head === undefined) throw new Error("empty list");
  return head;
}

function badSecret(what: string): BoomerangError {
  return new BoomerangError("bad_configuration", `BOOMERANG_SECRET ${what}`);
}

function unsealable(cause?: unknown): BoomerangError {
  return new BoomerangError(
    "unsealable",
    "A stored credential cannot be decrypted: the secret that sealed it is not in BOOMERANG_SECRET any more. " +
      "Add the old secret after the new one, or set the credential again.",
    { cause },
  );
}
