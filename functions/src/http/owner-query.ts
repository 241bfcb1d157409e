import { z } from "zod";
import { BoomerangError } from "../domain/errors.ts";
import type { Owners } from "../domain/owners.ts";
import { invalidFields } from "../domain/validation.ts";
import type { Identity } from "./identity.ts";

const name = z.string().max(200).optional();

/** A list's parameter by which an admin sees what is not their own. */
export const ownerOrAll = name.meta({
  description: "For admins: the owner whose things are meant, or `*` for everybody's. Your own where it is left out.",
});

/** The same, where a list is of one owner at a time. */
export const oneOwner = name.meta({
  description: "For admins: the owner whose things are meant. Your own where it is left out.",
});

/** Whose things are meant. Throws `forbidden` (403) for anybody but an admin who means another's, whether there is such an owner or not. */
export function ownersOf(identity: Identity, given: string | undefined): Owners {
  if (given === undefined || given === identity.ownerId) return { ownerId: identity.ownerId };
  if (!identity.admin) {
    const message = "Only an admin may ask for another owner's. Leave owner_id out to see your own.";
    throw new BoomerangError("forbidden", message, { status: 403 });
  }
  return given === "*" ? "everybody" : { ownerId: given };
}

/** The same, for one owner. Throws `validation_failed` (400) too, where it is everybody. */
export function ownerOf(identity: Identity, given: string | undefined): string {
  const owners = ownersOf(identity, given);
  if (owners !== "everybody") return owners.ownerId;
  throw invalidFields([{ field: "owner_id", message: "must name one owner: this list is of one at a time" }]);
}
