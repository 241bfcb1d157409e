import { type Firestore, Timestamp } from "firebase-admin/firestore";
import type { TaskEvent } from "../domain/events.ts";
import type { FinalStatus, TaskStatus } from "../domain/task-state.ts";

/** One outbound call. */
export interface Attempt {
  readonly number: number;
  readonly at: Timestamp;
  readonly durationMs: number;
  /** Null where no answer came. */
  readonly statusCode: number | null;
  /** Null where the call was acknowledged. */
  readonly error: string | null;
}

/** A callback that came after the task had expired, whole, for an operator's `resolve`. */
export interface LateCallback {
  readonly receivedAt: Timestamp;
  readonly status: FinalStatus;
  readonly resultUrl: string | null;
  readonly result: unknown;
  readonly resultMetadata: unknown;
  readonly error: string | null;
  readonly errorCode: string | null;
}

/** A file that came with a task, in Cloud Storage. */
export interface TaskFile {
  readonly path: string;
  /** What its sender calls it; data, and part of no path. */
  readonly name: string;
  readonly contentType: string;
  readonly bytes: number;
  /** In hex. */
  readonly sha256: string;
}

/**
 * `pendingWebhooks/{correlationId}`: the truth about one task. A user may read their own, so nothing in it is secret
 * but what is sealed.
 */
export interface PendingWebhook {
  readonly correlationId: string;

  /** Whose task this is for the API: the key's owner, or the user. */
  readonly ownerId: string;
  readonly userId: string | null;
  readonly projectId: string | null;
  /** The application's own document `tasks/{objectId}`; null for a task that came over HTTP. */
  readonly objectId: string | null;
  readonly assistantId: string | null;
  readonly followers: readonly string[];

  readonly service: string | null;
  readonly provider: string;
  readonly mode: "callback" | "sync";
  readonly eventPrefix: string;
  readonly webhookUrl: string;
  /** Value of the Authorization header, encrypted. */
  readonly sealedAuth: string | null;
  /** Secret that signs the outbound call, encrypted. */
  readonly sealedSecret: string | null;
  readonly prompt: string;
  readonly params: unknown;
  /** The caller's, passed through untouched. */
  readonly metadata: unknown;
  readonly priority: number;
  /** Deleted when the task completes; kept for a `retry` otherwise, for as long as this document. */
  readonly file: TaskFile | null;
  readonly callbackUrl: string | null;
  readonly callbackFormat: string | null;

  /** Digest of the request: the same Idempotency-Key with another request is refused. */
  readonly requestDigest: string;
  /** The task that this one is a retry of. */
  readonly retryOf: string | null;

  readonly status: TaskStatus;
  /** 0 to 1; null before the first report. */
  readonly progress: number | null;
  readonly createdAt: Timestamp;
  readonly updatedAt: Timestamp;
  readonly initiatedAt: Timestamp | null;
  readonly completedAt: Timestamp | null;
  readonly timeoutSeconds: number;
  /** Where set, each report of progress restarts the clock with this. */
  readonly heartbeatSeconds: number | null;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;

  readonly maxRetries: number;
  readonly retryDelaySeconds: number;
  readonly attempts: readonly Attempt[];
  /** When the next outbound call is due, milliseconds since 1970. Means something only while pending. */
  readonly nextAttemptAt: number;
  /** How often the sweep had to ask for the next call again. */
  readonly rescues: number;

  readonly externalId: string | null;
  readonly estimatedCompletion: string | null;
  readonly resultUrl: string | null;
  readonly result: unknown;
  readonly resultMetadata: unknown;
  readonly error: string | null;
  readonly errorCode: string | null;
  readonly lateCallback: LateCallback | null;
  readonly history: readonly TaskEvent<Timestamp>[];

  /** Only while open: which part of the sweep's index holds it, and when the sweep must look (milliseconds since 1970). */
  readonly sweepShard?: number;
  readonly sweepAt?: number;
  /** Only when final: milliseconds from submission to the outcome. */
  readonly durationMs?: number;
  /** Only when final: Firestore deletes it then (TTL policy). */
  readonly purgeAt?: Timestamp;
}

/**
 * `pendingWebhooks/{correlationId}/outcome/final`: creating it decides how the task ends. Whoever creates it first,
 * a callback, the expiry, a cancel, has decided.
 */
export interface StoredOutcome {
  readonly status: FinalStatus;
  readonly digest: string;
  readonly at: Timestamp;
  /** How often an operator's `resolve` has replaced it. */
  readonly resolutions: number;
  /** How many contradicting callbacks are kept beside it. */
  readonly conflicts: number;
  readonly purgeAt: Timestamp;
}

export function pendingWebhooks(db: Firestore) {
  return db.collection("pendingWebhooks");
}

export function pendingWebhookRef(db: Firestore, correlationId: string) {
  return pendingWebhooks(db).doc(correlationId);
}

export function outcomeRef(db: Firestore, correlationId: string) {
  return pendingWebhookRef(db, correlationId).collection("outcome").doc("final");
}

/** A document as it is read; one of an earlier version, or an imported one, may lack fields that came later. */
export function readPendingWebhook(data: Partial<PendingWebhook>): PendingWebhook {
  const createdAt = data.createdAt ?? Timestamp.fromMillis(0);
  return {
    ...presets,
    ...absent,
    ownerId: data.userId ?? data.projectId ?? "app",
    ...data,
    createdAt,
    updatedAt: data.updatedAt ?? createdAt,
    ...deadline(data, createdAt),
  } as PendingWebhook;
}

/** Every task has a deadline, even where the document names none that can be read. */
function deadline({ expiresAt, timeoutSeconds }: Partial<PendingWebhook>, createdAt: Timestamp) {
  if (expiresAt === undefined || !Number.isFinite(expiresAt)) {
    const seconds = timeoutSeconds ?? absentTimeoutSeconds;
    return { timeoutSeconds: seconds, expiresAt: createdAt.toMillis() + seconds * 1_000 };
  }
  return { expiresAt, timeoutSeconds: timeoutSeconds ?? Math.round((expiresAt - createdAt.toMillis()) / 1_000) };
}

const absentTimeoutSeconds = 300;

/** What is meant where a document that something else wrote does not say it. */
const absent = {
  webhookUrl: "",
  requestDigest: "",
  maxRetries: 3,
  retryDelaySeconds: 1,
} as const satisfies Partial<PendingWebhook>;

/** What a document that has not been through anything yet says. */
export const presets = {
  userId: null,
  projectId: null,
  objectId: null,
  assistantId: null,
  followers: [],
  service: null,
  provider: "generic",
  mode: "callback",
  eventPrefix: "task",
  sealedAuth: null,
  sealedSecret: null,
  prompt: "",
  params: {},
  metadata: {},
  priority: 0,
  file: null,
  callbackUrl: null,
  callbackFormat: null,
  retryOf: null,
  status: "pending",
  progress: null,
  initiatedAt: null,
  completedAt: null,
  heartbeatSeconds: null,
  attempts: [],
  nextAttemptAt: 0,
  rescues: 0,
  externalId: null,
  estimatedCompletion: null,
  resultUrl: null,
  result: null,
  resultMetadata: null,
  error: null,
  errorCode: null,
  lateCallback: null,
  history: [],
} as const satisfies Partial<PendingWebhook>;
