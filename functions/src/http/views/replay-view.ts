import { z } from "zod";
import type { Replay } from "../../webhooks/replay.ts";
import { dateTime, iso } from "./view.ts";

/** A replay and how far it is. */
export const replaySchema = z
  .strictObject({
    id: z.string(),
    webhook_id: z.string(),
    since: dateTime,
    until: dateTime,
    status: z.enum(["dead", "all"]).meta({ description: "Which deliveries of the time range." }),
    state: z.enum(["running", "done"]),
    total: z.int().meta({ description: "How many there were at the start." }),
    processed: z.int().meta({ description: "How many were looked at." }),
    replayed: z.int().meta({ description: "How many of them were sent again." }),
    created_at: dateTime,
    completed_at: dateTime.nullable(),
  })
  .meta({
    id: "Replay",
    examples: [
      {
        id: "7a0c1d52-8a9e-4f0b-9a39-5d1f6f0f2f33",
        webhook_id: "5d0c1d52-8a9e-4f0b-9a39-5d1f6f0f2f22",
        since: "2026-01-15T00:00:00.000Z",
        until: "2026-01-16T00:00:00.000Z",
        status: "dead",
        state: "running",
        total: 40,
        processed: 25,
        replayed: 25,
        created_at: "2026-01-16T08:00:00.000Z",
        completed_at: null,
      },
    ],
  });

export function replayView(replay: Replay): z.input<typeof replaySchema> {
  return {
    id: replay.id,
    webhook_id: replay.webhookId,
    since: iso(replay.since),
    until: iso(replay.until),
    status: replay.status,
    state: replay.state,
    total: replay.total,
    processed: replay.processed,
    replayed: replay.replayed,
    created_at: iso(replay.createdAt),
    completed_at: iso(replay.completedAt),
  };
}
