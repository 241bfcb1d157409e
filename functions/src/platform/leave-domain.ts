import type { Domain } from "node:domain";

/**
 * Leaves the `node:domain` in which the functions runtime runs every handler, so that it does not follow each promise of ours:
 * that bookkeeping is a good part of what a request costs. An error that no `catch` of ours sees then ends the process, as it does in
 * any Node.js server; inside the domain, it would only end the request. So this is for handlers that catch everything.
 */
export function leaveDomain(): void {
  (process as NodeJS.Process & { domain?: Domain | null }).domain?.exit();
}
