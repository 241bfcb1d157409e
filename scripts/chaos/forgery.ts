import type { Forgery } from "./task-plan.ts";

/** In whatever a forged callback says; where it turns up, one was believed. */
export const forgeryMark = "FORGED-BY-A-STRANGER";

interface Target {
  readonly n: number;
  readonly correlationId: string;
  readonly callbackUrl: string;
  /** The callback URL of another task, where there is one yet. */
  readonly otherUrl: string | undefined;
}

/** A callback that must be refused: where it is sent, and what it says. */
export function forge(forgery: Forgery, target: Target): { url: string; body: unknown } {
  const { n, correlationId, callbackUrl, otherUrl } = target;
  const url = new URL(callbackUrl);
  const token = url.searchParams.get("token") ?? "";
  const body = { correlationId, status: "success", resultUrl: `https://forged.example/${n}/${forgeryMark}` };
  const otherToken = new URL(otherUrl ?? callbackUrl).searchParams.get("token") ?? "";
  switch (forgery) {
    case "no-token":
      url.searchParams.delete("token");
      break;
    case "wrong-token":
      url.searchParams.set("token", `${token.slice(0, -4)}AAAA`);
      break;
    case "other-tasks-token":
      url.searchParams.set("token", otherUrl === undefined ? "generic~task~kgx8v3e0~AAAA" : otherToken);
      break;
    case "changed-claims":
      url.searchParams.set("token", token.replace("~task~", "~forged~"));
      break;
    case "other-task-in-body":
      // With a token that is right: this one must be refused for what it says.
      return { url: callbackUrl, body: { ...body, correlationId: "00000000-0000-4000-8000-000000000000" } };
  }
  return { url: url.href, body };
}
