import { UnexpectedTurn } from "./story.ts";
import type { World } from "./world.ts";

interface Registration {
  readonly url: string;
  readonly mode?: "callback" | "sync";
  /** Standard Webhooks secret that signs Boomerang's calls to the service. */
  readonly secret?: string;
}

/** Registers an external service as an operator does: over HTTP, with the admin key. */
export async function registerService({ api }: World, name: string, registration: Registration): Promise<void> {
  const { status, body } = await api("PUT", `/services/${name}`, registration);
  if (status === 201 || status === 200) return;
  throw new UnexpectedTurn(`PUT /api/v1/services/${name} was answered with ${status}:\n${JSON.stringify(body)}`);
}
