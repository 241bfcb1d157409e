import type { OutgoingEvent, TaskFacts } from "../../src/formats/format.ts";
import { type SampleName, sampleEvent } from "./sample-events.ts";

/**
 * The facts that a format's golden files are made of. Where a format was ordered with examples of its own, the facts are those
 * of the examples, so that the golden file is the example.
 */
export function goldenEvent(format: string, name: SampleName): OutgoingEvent {
  return (examples[format] ?? sampleEvent)(name);
}

const examples: Readonly<Record<string, (name: SampleName) => OutgoingEvent>> = {
  "task-service": (name) => sampleEvent(name, { task: { ...video, ...videoParts[name] } }),
  taskflow: (name) =>
    sampleEvent(name, {
      prefix: "job",
      at: "2024-02-01T12:34:56Z",
      task: {
        id: "550e8400-e29b-41d4-a716-446655440000",
        createdAt: Date.parse("2024-02-01T12:34:41Z"),
        metadata: { request_id: 123, workflow_id: 5 },
        ...(name === "completed" ? { resultUrl: null, result: { summary: "Done" }, resultMetadata: null } : {}),
      },
    }),
  predict: (name) =>
    sampleEvent(name, {
      at: "2024-01-15T10:30:00Z",
      task: {
        id: "job-abc123",
        ...(name === "completed" ? { resultUrl: null, result: { sentiment: "positive", confidence: 0.95 } } : {}),
      },
    }),
  morag: (name) => sampleEvent(name, { at: moragTimes[name], task: { id: "abc123", ...moragParts[name] } }),
};

const video = {
  id: "abc123-def456-ghi789",
  projectId: "detective_series_001",
  metadata: { userId: "user-123", testResultId: "result-456" },
};
const videoParts: Partial<Record<SampleName, Partial<TaskFacts>>> = {
  completed: {
    resultUrl: "https://media.ft.tc/detective_001/video_001.mp4",
    result: { payload_media_id: "64f1b2c3a8d9e0f1" },
    resultMetadata: { processing_time: 45.2, tokens_used: 1250 },
  },
  failed: {
    error: "Task execution failed: Invalid prompt format",
    resultMetadata: { traceback: "Traceback (most recent call last):\n  File ..." },
  },
};

const moragTimes: Readonly<Record<SampleName, string>> = {
  started: "2024-01-01T10:00:00Z",
  progress: "2024-01-01T10:01:00Z",
  completed: "2024-01-01T10:05:00Z",
  failed: "2024-01-01T10:02:00Z",
  expired: "2024-01-01T10:05:00Z",
  cancelled: "2024-01-01T10:02:00Z",
  application: "2024-01-01T10:00:00Z",
};
const document = { metadata: { source_type: "document" } };
const moragParts: Partial<Record<SampleName, Partial<TaskFacts>>> = {
  started: { metadata: { source_type: "document", webhook_url: "https://your-app.com/webhook" } },
  progress: { message: null, metadata: { stage: "embedding_generation" } },
  completed: {
    ...document,
    resultUrl: null,
    result: { embeddings_stored: 15, chunks_created: 25, processing_time: 45.2 },
  },
  failed: { ...document, error: "File format not supported" },
  expired: document,
  cancelled: document,
};
