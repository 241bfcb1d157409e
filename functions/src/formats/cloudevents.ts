import type { Format } from "./format.ts";
import { eventData, standardRetries } from "./standard.ts";
import { iso } from "./time.ts";

/** CloudEvents 1.0, structured mode (github.com/cloudevents/spec). */
export const cloudevents: Format = {
  name: "cloudevents",
  contentType: "application/cloudevents+json; charset=utf-8",
  retries: standardRetries,
  render: (event) =>
    JSON.stringify({
      specversion: "1.0",
      id: event.id,
      source: event.source,
      type: event.type,
      time: iso(event.at),
      ...(event.kind === "application" ? {} : { subject: event.task.id }),
      datacontenttype: "application/json",
      data: eventData(event),
    }),
};
