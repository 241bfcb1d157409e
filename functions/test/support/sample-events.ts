import type { EventKind, OutgoingEvent, TaskFacts } from "../../src/formats/format.ts";

/** What can happen, as the golden files are called. */
export const sampleNames = [
  "started",
  "progress",
  "completed",
  "failed",
  "expired",
  "cancelled",
  "application",
] as const;
export type SampleName = (typeof sampleNames)[number];

const kinds: Readonly<Record<Exclude<SampleName, "application">, Exclude<EventKind, "application">>> = {
  started: "started",
  progress: "progress",
  completed: "completed",
  failed: "failed",
  // To the outside expiry is a failure.
  expired: "failed",
  cancelled: "cancelled",
};

const blank: TaskFacts = {
  id: "0b0fb46f-7c4c-4f5e-9c76-0f2a3a1c5d11",
  service: "picture-service",
  projectId: "project-1",
  userId: "user-1",
  progress: null,
  message: null,
  outcome: null,
  resultUrl: null,
  result: null,
  resultMetadata: null,
  error: null,
  errorCode: null,
  metadata: { title: "A lighthouse at dusk" },
  createdAt: Date.parse("2025-01-15T10:30:15Z"),
  completedAt: null,
};

/** What each event adds to a task's facts. */
const added: Readonly<Record<Exclude<SampleName, "application">, Partial<TaskFacts>>> = {
  started: {},
  progress: { progress: 0.5, message: "Half of it is painted" },
  completed: {
    outcome: "completed",
    progress: 1,
    resultUrl: "https://pictures.example/lighthouse.png",
    result: { width: 1024, height: 768 },
    resultMetadata: { model: "dusk-2" },
  },
  failed: { outcome: "failed", error: "The brush broke", errorCode: "service_error" },
  expired: { outcome: "expired", error: "No callback came within 300 s.", errorCode: "expired" },
  cancelled: { outcome: "cancelled", error: "Cancelled by user-1.", errorCode: "cancelled" },
};

interface SampleParts {
  readonly prefix?: string;
  readonly at?: string;
  readonly task?: Partial<TaskFacts>;
  readonly type?: string;
  readonly payload?: Readonly<Record<string, unknown>>;
}

/** An event with fixed facts, and what the test says instead. */
export function sampleEvent(name: SampleName, parts: SampleParts = {}): OutgoingEvent {
  const { prefix = "task", at = "2025-01-15T10:35:30Z" } = parts;
  const base = { id: `evt_${blank.id}_5`, at: Date.parse(at), source: "urn:boomerang:demo-boomerang" };
  if (name === "application") {
    const { type = "request.created", payload = { request_id: 123, title: "Paint a lighthouse" } } = parts;
    return { ...base, type, kind: "application", payload };
  }
  const facts = { ...blank, ...added[name], ...parts.task };
  const task = { ...facts, completedAt: facts.outcome === null ? null : base.at };
  return { ...base, type: `${prefix}.${kinds[name]}`, kind: kinds[name], task };
}
