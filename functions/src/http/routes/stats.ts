import { z } from "zod";
import { taskStats } from "../../tasks/task-stats.ts";
import { wholeNumber } from "../list-query.ts";
import { ownerOrAll, ownersOf } from "../owner-query.ts";
import { defineRoute, type Route } from "../route.ts";
import { statsSchema, statsView } from "../views/stats-view.ts";

/** 90 days: as long as finished tasks are kept, unless the operator says otherwise. */
const maxHours = 2_160;

/** `/api/v1/stats` */
export const statsRoutes: readonly Route[] = [
  defineRoute(
    {
      method: "get",
      path: "/api/v1/stats",
      operationId: "getStats",
      tag: "Tasks",
      summary: "How many tasks there were, how they ended, and how long they took",
      description: "Of the tasks that were submitted in the last `hours`.",
      scope: "tasks:read",
      params: {},
      query: z.strictObject({ hours: wholeNumber(maxHours, 24), owner_id: ownerOrAll }),
      answers: { 200: { description: "The numbers.", schema: statsSchema } },
    },
    async (deps, { identity, query: { hours, owner_id } }) => {
      const stats = await taskStats(deps, ownersOf(identity, owner_id), hours);
      return { status: 200, body: statsView(hours, stats) };
    },
  ),
];
