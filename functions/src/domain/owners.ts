/** Whose things a list shows: one owner's, or those of all owners. */
export type Owners = { readonly ownerId: string } | "everybody";
