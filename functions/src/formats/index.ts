import { cloudevents } from "./cloudevents.ts";
import type { Format } from "./format.ts";
import { morag } from "./morag.ts";
import { predict } from "./predict.ts";
import { slack } from "./slack.ts";
import { standard } from "./standard.ts";
import { taskService } from "./task-service.ts";
import { taskflow } from "./taskflow.ts";

/** Every shape in which an event is sent: one line each. */
export const formats = [standard, taskService, taskflow, predict, morag, slack, cloudevents] as const;

const byName: ReadonlyMap<string, Format> = new Map(formats.map((format) => [format.name, format]));

/** The format of that name; `standard` where the name is not one of ours. */
export function formatOf(name: string | null): Format {
  return byName.get(name ?? "standard") ?? standard;
}
