import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { openFirestore } from "../../functions/src/platform/firestore.ts";
import { root } from "../stack/layout.ts";
import { startChildServer } from "./child-server.ts";
import { UnexpectedTurn } from "./story.ts";

/** Everything that the chapters act upon. */
export interface World {
  /** The Firestore emulator, as a backend with the Admin SDK reaches it. */
  readonly db: ReturnType<typeof openFirestore>;
  /** One call of Boomerang's HTTP API below `/api/v1`, with the admin key. */
  readonly api: (method: string, path: string, body?: object, headers?: Record<string, string>) => Promise<ApiAnswer>;
  /** Base URL of the picture service. */
  readonly pictureUrl: string;
  /** Base URL of the receiver, and the secret with which it checks signatures. */
  readonly receiverUrl: string;
  readonly receiverSecret: string;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Connects to the stack that is up and starts the two example servers. */
export async function enterWorld(): Promise<World> {
  const [baseUrl, apiKey] = [variable("BOOMERANG_URL"), variable("BOOMERANG_API_KEY")];
  variable("FIRESTORE_EMULATOR_HOST");
  // The Admin SDK would look for Google's metadata server otherwise, which is not there, and warn.
  process.env.METADATA_SERVER_DETECTION = "none";
  variable("GCLOUD_PROJECT");
  const receiverSecret = `whsec_${randomBytes(24).toString("base64")}`;
  const server = (example: string) => join(root, "examples", example, "server.ts");
  const [pictureUrl, receiverUrl] = await Promise.all([
    startChildServer(server("picture-service"), { STAGE_SECONDS: "1" }),
    startChildServer(server("receiver"), { WEBHOOK_SECRET: receiverSecret }),
  ]);
  return {
    db: openFirestore(),
    api: async (method, path, body, headers = {}) => {
      const response = await fetch(`${baseUrl}/api/v1${path}`, {
        method,
        headers: { "content-type": "application/json", "x-api-key": apiKey, ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: await jsonObject(response) };
    },
    pictureUrl,
    receiverUrl,
    receiverSecret,
  };
}

async function jsonObject(response: Response): Promise<ApiAnswer["body"]> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    throw new UnexpectedTurn(`${response.url} answered ${response.status} without JSON:\n${text.slice(0, 1000)}`);
  }
}

function variable(name: string): string {
  const value = process.env[name];
  if (value) return value;
  throw new UnexpectedTurn(`${name} is not set: the demo runs inside the local stack. Start it with: npm run demo`);
}
