/** What a reader must know before any single route. Markdown. */
export const about = `
Slow work for your app, done by external services that answer by webhook: sent out once, taken back exactly once, told to everybody who asked.

**Who you are.** Send an API key as \`X-API-Key\` or \`Authorization: Bearer\`, or a Firebase ID token as Bearer. A key has an owner and scopes:
\`tasks:write\`, \`tasks:read\`, \`webhooks\`, \`admin\`. You see only what is yours; anything else is answered like what does not exist.

**Errors** are \`application/problem+json\` (RFC 9457). \`code\` is stable, \`detail\` says what was wrong and what to do, \`errors[]\` names each bad field.
Every answer has an \`X-Request-Id\`, by which it is found in the log; send your own, up to 128 letters, digits, \`.\`, \`_\` and \`-\`, and it is used.
An unknown path is 404 \`not_found\`; a wrong method is 405 \`method_not_allowed\`, with \`Allow\`.

**Lists** are \`{"data": […], "next_cursor": null}\`. Give \`next_cursor\` back as \`cursor\` for the next page; on the last one it is null.

**Sending twice.** Where a request takes an \`Idempotency-Key\`, the same request under the same key is one, however often it is sent; another
one under a used key is 409 \`idempotency_key_reused\`.

**Limits.** A JSON body has at most 1 MiB. More requests in a minute than the operator allows (6,000 for each key, unless they changed it) are 429 with \`Retry-After\`.

Times are ISO 8601 in UTC. Fields that a request may not have are refused, by name.
`.trim();

/** What each tag of the routes is about. */
export const tags: Readonly<Record<string, string>> = {
  Tasks: "A task is one piece of slow work that an external service does for somebody.",
  Webhooks: "A webhook is an endpoint of yours that hears of events: signed, tried again, on record.",
  Deliveries: "A delivery is one event on its way to one webhook or `callback_url`, with all its attempts.",
  Events: "What happened to your tasks, and what your application publishes itself.",
  Services: "A service is a registered external worker: where it is, how to call it, what it may be asked for.",
  Keys: "API keys: their owner, and what they may do.",
  Statistics: "How many tasks there were, how they ended, how long they took.",
  TaskFlow: "The same webhooks at the paths of TaskFlow, whose format a new one gets unless it says otherwise.",
  "Task Service": "Tasks as the Task Service takes them: `task_type` names the service.",
  Prediction: "Jobs of the service `predict`, at the paths of the prediction service.",
  MoRAG: "Files for the service `ingest`, and how they stand, at the paths of MoRAG.",
  API: "The API itself.",
};
