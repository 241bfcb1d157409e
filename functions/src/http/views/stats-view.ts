import { z } from "zod";
import { statuses } from "../../domain/task-state.ts";
import type { TaskStats } from "../../tasks/task-stats.ts";
import { dateTime, isoOf } from "./view.ts";

/** How the tasks of a while stand. */
export const statsSchema = z
  .strictObject({
    hours: z.int(),
    since: dateTime.meta({ description: "Tasks that were submitted then or later are counted." }),
    total: z.int(),
    by_status: z.record(z.enum(statuses), z.int()),
    success_rate: z
      .number()
      .nullable()
      .meta({ description: "`completed` / (`completed` + `failed` + `expired`), 0 to 1; null where there are none." }),
    mean_duration_ms: z
      .int()
      .nullable()
      .meta({ description: "From submission to outcome, of completed tasks; null where there are none." }),
  })
  .meta({
    id: "Stats",
    examples: [
      {
        hours: 24,
        since: "2026-01-14T10:30:00.000Z",
        total: 20,
        by_status: { pending: 1, initiated: 2, completed: 12, failed: 3, expired: 1, cancelled: 1 },
        success_rate: 0.75,
        mean_duration_ms: 315_000,
      },
    ],
  });

export function statsView(hours: number, stats: TaskStats): z.input<typeof statsSchema> {
  return {
    hours,
    since: isoOf(stats.since),
    total: stats.total,
    by_status: stats.byStatus,
    success_rate: stats.successRate,
    mean_duration_ms: stats.meanDurationMs,
  };
}
