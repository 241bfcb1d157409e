import { createServer, type ServerResponse } from "node:http";
import { headersOf, listen, readBody, sendJson, stop } from "../../examples/common/http-server.ts";
import { checkSignatures } from "../../examples/receiver/verify-signatures.ts";
import { diceOf } from "./dice.ts";

const bodyLimit = 1_024 * 1_024;

/** How a subscriber behaves. `flapping` fails an event's first deliveries, `dead` every one, `gone` says so. */
export type Temper = "steady" | "flapping" | "dead" | "gone";

/** One request that a subscriber got. */
export interface Receipt {
  /** The path that it came to: one for each webhook and each callback URL. */
  readonly endpoint: string;
  readonly webhookId: string;
  readonly body: string;
  /** Whether there was a signature, and all that there were are right. */
  readonly verified: boolean;
  /** Null where the sender got no complete answer. */
  readonly answered: number | null;
}

export interface Subscribers {
  readonly url: string;
  readonly receipts: readonly Receipt[];
  /** Makes the endpoint known: how it behaves, and the secrets that sign what is sent there. */
  readonly expect: (endpoint: string, temper: Temper, secrets: readonly string[]) => void;
  readonly stop: () => Promise<void>;
}

const troubles = ["500", "503", "retry-after", "429", "close", "half", "redirect"] as const;

/** All subscribers, on one server. */
export async function startSubscribers(seed: number): Promise<Subscribers> {
  const receipts: Receipt[] = [];
  const known = new Map<string, { readonly temper: Temper; readonly secrets: readonly string[] }>();
  const seen = new Map<string, number>();
  const server = createServer(async (request, response) => {
    const endpoint = request.url ?? "/";
    const headers = headersOf(request);
    const body = await readBody(request, bodyLimit).catch(() => undefined);
    if (body === undefined) return;
    const { temper, secrets } = known.get(endpoint) ?? { temper: "dead", secrets: [] };
    const webhookId = headers["webhook-id"] ?? "";
    const count = seen.get(`${endpoint} ${webhookId}`) ?? 0;
    seen.set(`${endpoint} ${webhookId}`, count + 1);
    const verified = secrets.some((secret) => {
      const checks = checkSignatures(secret, headers, body);
      return checks.length > 0 && checks.every((check) => check.verified);
    });
    const answered = answer(response, troubleOf(seed, temper, endpoint, webhookId, count));
    receipts.push({ endpoint, webhookId, body: body.toString(), verified, answered });
  });
  const url = await listen(server, 0);
  return {
    url,
    receipts,
    expect: (endpoint, temper, secrets) => known.set(endpoint, { temper, secrets }),
    stop: () => stop(server),
  };
}

type Trouble = (typeof troubles)[number] | "gone" | undefined;

/** What is wrong with the answer to the `count`-th (from 0) delivery of an event. */
function troubleOf(seed: number, temper: Temper, endpoint: string, webhookId: string, count: number): Trouble {
  if (temper === "steady") return undefined;
  if (temper === "gone") return "gone";
  if (temper === "dead") return "500";
  const dice = diceOf(seed, "subscriber", endpoint, webhookId);
  const failures = dice.pick([0, 0, 0, 0, 1, 1, 2]);
  return count < failures ? troubles[(dice.between(0, 6) + count) % troubles.length] : undefined;
}

function answer(response: ServerResponse, trouble: Trouble): number | null {
  const say = (status: number, headers: Record<string, string> = {}) => {
    sendJson(response, status, { status }, headers);
    return status;
  };
  switch (trouble) {
    case undefined:
      return say(200);
    case "gone":
      return say(410);
    case "500":
      return say(500);
    case "503":
      return say(503);
    case "retry-after":
      return say(503, { "retry-after": "1" });
    case "429":
      return say(429, { "retry-after": "1" });
    case "redirect":
      return say(307, { location: "/elsewhere" });
    case "close":
      response.destroy();
      return null;
    case "half":
      // It has taken the event, and the sender cannot know.
      response.writeHead(200, { "content-length": "1000" }).write("{");
      setTimeout(() => response.destroy(), 20);
      return null;
  }
}
