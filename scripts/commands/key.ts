import { parseArgs } from "node:util";
import { BoomerangError } from "../../functions/src/domain/errors.ts";
import { parseFields } from "../../functions/src/domain/validation.ts";
import { createApiKey } from "../../functions/src/http/api-keys.ts";
import { apiKeyBody } from "../../functions/src/http/manage-api-keys.ts";
import { openFirestore } from "../../functions/src/platform/firestore.ts";
import { FriendlyError } from "../stack/friendly-error.ts";
import { projectId as localProject } from "../stack/layout.ts";

const usage =
  "npm run key -- --owner NAME [--scopes admin,tasks:read,tasks:write,webhooks] [--name TEXT] [--project PROJECT_ID]";

const noCredentials =
  "There are no Google credentials here. Log in with: gcloud auth application-default login\n" +
  "(or let GOOGLE_APPLICATION_CREDENTIALS name a service account's key file), and try again.";

/**
 * `npm run key`: makes an API key past the API, which is how the first one comes to be; in the emulator where
 * FIRESTORE_EMULATOR_HOST says so. The key alone is the last line of stdout, and everything else goes to stderr.
 */
export async function key(args: string[]): Promise<number> {
  const { body, project } = readArguments(args);
  const emulator = process.env.FIRESTORE_EMULATOR_HOST;
  process.env.GCLOUD_PROJECT = projectFor(project, emulator);
  // The emulator wants no credentials: without this, the client looks for Google's metadata server, and warns.
  if (emulator) process.env.METADATA_SERVER_DETECTION = "none";
  const { owner_id: ownerId, scopes, name = null } = body;
  const made = await createApiKey(openFirestore(), Date.now(), { ownerId, scopes, name, createdBy: null }).catch(
    (error: unknown) => {
      throw new FriendlyError(whyNot(error, process.env.GCLOUD_PROJECT ?? ""));
    },
  );
  const where = `the project ${process.env.GCLOUD_PROJECT}${emulator ? `, in the emulator at ${emulator}` : ""}`;
  console.error(`Made ${made.apiKey.id} for the owner ${ownerId} (${scopes.join(", ")}) in ${where}.`);
  console.error("It is shown this once; only its hash is kept:");
  console.log(made.key);
  return 0;
}

function readArguments(args: string[]) {
  const text = { type: "string" } as const;
  try {
    const { values } = parseArgs({ args, options: { owner: text, scopes: text, name: text, project: text } });
    const { owner, scopes = "admin", name, project } = values;
    if (owner === undefined) throw new Error("--owner is missing: whose tasks and webhooks is the key to work with?");
    return { body: parseFields(apiKeyBody, { owner_id: owner, scopes: scopes.split(","), name }), project };
  } catch (error) {
    throw new FriendlyError(`${wrongArguments(error)}\nUsage: ${usage}`, 2);
  }
}

/** What was wrong, in the words of the command. */
function wrongArguments(error: unknown): string {
  if (!(error instanceof BoomerangError)) return error instanceof Error ? error.message : String(error);
  return error.errors
    .map(({ field, message }) => `--${field.replace("owner_id", "owner").replace(/\.\d+$/, "")}: ${message}`)
    .join("\n");
}

function projectFor(given: string | undefined, emulator: string | undefined): string {
  const { GCLOUD_PROJECT, GOOGLE_CLOUD_PROJECT } = process.env;
  const project = given ?? (GCLOUD_PROJECT || GOOGLE_CLOUD_PROJECT || (emulator ? localProject : ""));
  if (project) return project;
  throw new FriendlyError(`Name the project in which the key is to be made.\nUsage: ${usage}`, 2);
}

/** What Firestore's client says, as something to do. */
function whyNot(error: unknown, project: string): string {
  const reason = error instanceof Error ? error.message : String(error);
  if (/default credentials|UNAUTHENTICATED/i.test(reason)) return noCredentials;
  if (/PERMISSION_DENIED/.test(reason)) {
    return `Your Google account may not write to Firestore of the project ${project}: it needs the role roles/datastore.user.\n${reason}`;
  }
  if (/NOT_FOUND/.test(reason)) {
    return `The project ${project} has no Firestore database: make it with npx firebase firestore:databases:create "(default)".\n${reason}`;
  }
  return `The key could not be made in the project ${project}: ${reason}`;
}
