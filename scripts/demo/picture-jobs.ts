import { check } from "./story.ts";
import { askUntil } from "./watch.ts";
import type { World } from "./world.ts";

/** A job as the picture service shows it at `GET /jobs`. */
export interface PictureJob {
  readonly id: string;
  readonly request: { readonly correlationId: string; readonly callbackUrl: string };
  readonly status: "rendering" | "finished" | "failed";
}

/** All jobs that the service has for a task. */
export async function jobsFor({ pictureUrl }: World, correlationId: string): Promise<PictureJob[]> {
  const response = await fetch(`${pictureUrl}/jobs`);
  const jobs = (await response.json()) as PictureJob[];
  return jobs.filter(({ request }) => request.correlationId === correlationId);
}

/** The one job of a task, when the service is through with it. */
export async function finishedJob(world: World, correlationId: string): Promise<PictureJob> {
  return askUntil("the picture service finishes its job", async () => {
    const [job, ...more] = await jobsFor(world, correlationId);
    if (more.length > 0) check(false, "the service was called once", [job, ...more]);
    return job?.status === "rendering" ? undefined : job;
  });
}

/** Has the service send a job's final callback once more. Returns how Boomerang answered. */
export async function sendCallbackAgain(
  { pictureUrl }: World,
  { id }: PictureJob,
): Promise<{ status?: number; answer?: string }> {
  const response = await fetch(`${pictureUrl}/jobs/${id}/callback`, { method: "POST" });
  return (await response.json()) as { status?: number; answer?: string };
}
