import { FieldPath, type WithFieldValue } from "firebase-admin/firestore";
import type { Deps } from "../deps.ts";
import { BoomerangError } from "../domain/errors.ts";
import { checkOutboundUrl } from "../domain/outbound-url.ts";
import { toStorable } from "../domain/storable.ts";
import { invalidFields } from "../domain/validation.ts";
import { timestamp } from "../platform/firestore.ts";
import type { ServiceSettings } from "./service-settings.ts";
import { readService, type Service, servicesIn } from "./services.ts";
import { serviceName } from "./task-request.ts";

/** Requests for one name that come at once wait for each other; the Admin SDK's five attempts would not do for all. */
const transactionOptions = { maxAttempts: 20 };

/**
 * Registers a service, or replaces all of it but the credentials that are left out. Of two at once the last one wins, whole.
 * Throws `url_not_allowed` (422), and `validation_failed` (400) for a name that cannot be one, and where a credential is left out that
 * would go to another origin than it was given for.
 */
export async function putService(
  deps: Deps,
  name: string,
  { auth, secret, ...settings }: ServiceSettings,
): Promise<{ readonly service: Service; readonly created: boolean }> {
  const checked = serviceName.safeParse(name);
  if (!checked.success) {
    throw invalidFields(checked.error.issues.map(({ message }) => ({ field: "name", message })));
  }
  checkOutboundUrl(settings.url, { allowInsecure: deps.config.emulator, allowedHosts: deps.config.allowedHosts });
  const [sealedAuth, sealedSecret] = [sealed(deps, auth), sealed(deps, secret)];
  const ref = servicesIn(deps.db).doc(name);
  const done = await deps.db.runTransaction(async (transaction) => {
    const before = readService(await transaction.get(ref));
    if (before !== undefined) checkCredentialsStay(before, { url: settings.url, auth, secret });
    const now = timestamp(deps.now());
    const service: Service = {
      ...settings,
      name,
      sealedAuth: sealedAuth === undefined ? (before?.sealedAuth ?? null) : sealedAuth,
      sealedSecret: sealedSecret === undefined ? (before?.sealedSecret ?? null) : sealedSecret,
      createdAt: before?.createdAt ?? now,
      updatedAt: now,
    };
    const stored: WithFieldValue<FirebaseFirestore.DocumentData> = { ...service, params: toStorable(service.params) };
    transaction.set(ref, stored);
    return { service, created: before === undefined };
  }, transactionOptions);
  deps.services.forget(name);
  return done;
}

/** The service. Throws `service_not_found` (404). */
export async function findService(deps: Deps, name: string): Promise<Service> {
  const service = serviceName.safeParse(name).success
    ? readService(await servicesIn(deps.db).doc(name).get())
    : undefined;
  if (service === undefined) throw serviceNotFound(name);
  return service;
}

/** By name. The cursor is the last name of the page before. */
export async function listServices(
  deps: Deps,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<{ readonly data: Service[]; readonly nextCursor: string | null }> {
  if (cursor !== undefined && !serviceName.safeParse(cursor).success) {
    throw invalidFields([{ field: "cursor", message: "is not one that this list gave" }]);
  }
  const all = servicesIn(deps.db).orderBy(FieldPath.documentId());
  // One more than asked for tells whether there is more.
  const { docs } = await (cursor === undefined ? all : all.startAfter(cursor)).limit(limit + 1).get();
  const data = docs.slice(0, limit).flatMap((doc) => readService(doc) ?? []);
  return { data, nextCursor: docs.length > limit ? (data.at(-1)?.name ?? null) : null };
}

/** Deletes it; tasks that are under way keep what they know of it. Throws `service_not_found` (404). */
export async function deleteService(deps: Deps, name: string): Promise<void> {
  await findService(deps, name);
  await servicesIn(deps.db).doc(name).delete();
  deps.services.forget(name);
}

/** Nobody may have a credential that they cannot read sent to a host of their choice. */
function checkCredentialsStay(
  before: Service,
  { url, auth, secret }: Pick<ServiceSettings, "url" | "auth" | "secret">,
) {
  const origin = URL.parse(before.url)?.origin;
  if (origin !== undefined && origin === URL.parse(url)?.origin) return;
  const kept = [
    ...(before.sealedAuth !== null && auth === undefined ? ["auth"] : []),
    ...(before.sealedSecret !== null && secret === undefined ? ["secret"] : []),
  ];
  const message = "must be given anew, or null, as the URL's origin changes";
  if (kept.length > 0) throw invalidFields(kept.map((field) => ({ field, message })));
}

function sealed(deps: Deps, credential: string | null | undefined): string | null | undefined {
  return credential == null ? credential : deps.keys.seal(credential);
}

function serviceNotFound(name: string): BoomerangError {
  return new BoomerangError("service_not_found", `There is no service "${name.slice(0, 100)}".`, { status: 404 });
}
