/** What each code of a problem answer may say, for the reference: a real message of this API. */
const details: Readonly<Record<string, string>> = {
  validation_failed: "Wrong or missing: prompt. See errors.",
  not_json: "The body is not JSON (RFC 8259) in UTF-8.",
  unauthenticated: "Send an API key as X-API-Key or Authorization: Bearer, or a Firebase ID token as Bearer.",
  forbidden: "This needs the scope tasks:write.",
  task_not_found: 'There is no task "3f0c1d52-8a9e-4f0b-9a39-5d1f6f0f2f11".',
  webhook_not_found: 'There is no webhook "5d0c1d52-8a9e-4f0b-9a39-5d1f6f0f2f22".',
  delivery_not_found: 'There is no delivery "dlv_8f14e45fceea167a5a36dedd4bea2543".',
  replay_not_found: 'There is no replay "7a0c1d52-8a9e-4f0b-9a39-5d1f6f0f2f33".',
  service_not_found: 'There is no service "render".',
  key_not_found: 'There is no key "key_1f0c2d3e4a5b6c7d8e9f0a1b".',
  file_gone: "The task is over: its file can be fetched only while it is open.",
  bad_form: "The body cannot be read as multipart/form-data (RFC 7578). It is not well-formed, or ends too early.",
  idempotency_key_reused: "This Idempotency-Key was used for another request. Use a new key for a new request.",
  task_is_final: "The task is completed already and cannot be cancelled.",
  task_not_retryable: "The task is initiated. Cancel it first, or wait for its deadline.",
  no_late_callback: "No late callback came for this task. Resolve it with a status.",
  name_taken: 'You have a webhook called "Orders" already. Choose another name.',
  too_many_webhooks: "You have 10 webhooks, and 10 is the most. Delete one first.",
  delivery_not_dead: "The delivery is pending; only a dead one is retried.",
  too_many_attempts: "The delivery was attempted 200 times, and is not attempted any more.",
  body_too_large: "The body has more than 1048576 bytes, which is the most that is taken.",
  unsupported_media_type: "Send the body as JSON, with Content-Type: application/json.",
  unknown_service:
    'No service called "render" is registered. An operator registers it with PUT /api/v1/services/render.',
  unknown_provider: 'There is no provider called "soap". There are: generic.',
  url_not_allowed: "The URL must be https.",
  no_such_shape: "The format predict has no shape for request.created, and never sends it.",
  too_many_requests: "More than 6000 requests in a minute. Try again in 23 s.",
  unavailable: "The Firebase ID token cannot be checked just now. Try again in a moment.",
  internal: "Something went wrong with us, not with your request. Try again in a moment.",
};

const errors: Readonly<Record<string, readonly { field: string; message: string }[]>> = {
  validation_failed: [{ field: "prompt", message: "Too big: expected string to have <=100000 characters" }],
  name_taken: [{ field: "name", message: "is taken" }],
};

/** The example of a code in the reference: what it says, and of which fields. Undefined where somebody forgot to write one. */
export function problemExample(code: string): { detail: string; errors?: object } | undefined {
  const detail = details[code];
  if (detail === undefined) return undefined;
  const fields = errors[code];
  return { detail, ...(fields === undefined ? {} : { errors: fields }) };
}
