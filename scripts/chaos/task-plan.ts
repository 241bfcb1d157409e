import { type Dice, diceOf } from "./dice.ts";

/** What the service makes of one outbound call. The ones that "take" the job start it, whatever the caller gets to hear. */
export interface CallBehaviour {
  readonly answer:
    | "acknowledge"
    | "unavailable"
    | "busy"
    | "break-off"
    | "take-and-break-off"
    | "take-and-hang"
    | "refuse"
    | "result";
  /** Milliseconds before it answers. */
  readonly afterMs: number;
}

/** One callback of the service's. */
export interface PlannedCallback {
  /** Unique within its task; part of what it reports, so that an outcome tells which callback it came from. */
  readonly label: string;
  readonly report: "success" | "error" | "progress";
  /** 0 to 1; with `progress`. */
  readonly progress?: number;
  /** Milliseconds after the job was taken, or, with `tooLate`, after the task has ended without it. */
  readonly afterMs: number;
  readonly tooLate?: true;
  /** When each further copy is sent, milliseconds after the first. */
  readonly copies: readonly number[];
}

/** How a stranger forges a callback. */
export const forgeries = [
  "no-token",
  "wrong-token",
  "other-tasks-token",
  "changed-claims",
  "other-task-in-body",
] as const;
export type Forgery = (typeof forgeries)[number];

/** What becomes of a task, as far as the adversary has it in hand. */
export type TaskKind = keyof typeof kinds;

/** Everything that is decided about one task before the run begins. */
export interface TaskPlan {
  readonly n: number;
  readonly kind: TaskKind;
  readonly owner: number;
  /** `url-document`: a task document with a URL and a credential of its own. */
  readonly way: "http" | "document" | "url-document";
  /** Submitted a second time, with the same Idempotency-Key. */
  readonly twice: boolean;
  readonly followers: number;
  /** The format of its own callback URL; null where it has none. */
  readonly callbackFormat: string | null;
  /** The first call, the second, …; the last one stands for all that follow. */
  readonly calls: readonly CallBehaviour[];
  readonly callbacks: readonly PlannedCallback[];
  readonly forged: readonly { readonly forgery: Forgery; readonly afterMs: number }[];
  /** Milliseconds after its submission was answered. */
  readonly cancelAfterMs: number | null;
}

/** How many of a hundred tasks are of each kind. */
const kinds = {
  done: 26,
  error: 8,
  progress: 16,
  contradiction: 10,
  refused: 6,
  down: 4,
  sync: 8,
  silent: 6,
  late: 8,
  cancelled: 8,
} as const;

/** Tasks that are to expire, called or not, get this long. Seconds. */
export const shortTimeoutSeconds = 8;
/** Those that are to expire after the service has shown signs of life get this long since the last of them. Seconds. */
export const heartbeatSeconds = 3;
/** A webhook gets 1,000 deliveries in an hour, and a task has five events. */
const tasksPerOwner = 100;

/** How many owners share `tasks` tasks. */
export function ownersOf(tasks: number): number {
  return Math.ceil(tasks / tasksPerOwner);
}

/** The plan of the `n`-th task (from 0) of `tasks`. */
export function planTask(seed: number, n: number, tasks: number): TaskPlan {
  const dice = diceOf(seed, "task", n);
  const kind = dice.weigh(kinds);
  const way = kind === "cancelled" ? "http" : dice.weigh({ http: 60, document: 28, "url-document": 12 });
  // Named by URL, a service is never in sync mode, and has the default time-out.
  const viaService = kind === "sync" || kind === "silent" || kind === "late";
  return {
    n,
    kind,
    owner: n % ownersOf(tasks),
    way: way === "url-document" && viaService ? "document" : way,
    twice: dice.chance(0.25),
    followers: dice.between(0, 2),
    callbackFormat: dice.chance(0.35) ? dice.pick(["task-service", "predict", "taskflow"]) : null,
    calls: planCalls(dice, kind),
    callbacks: planCallbacks(dice, kind),
    forged: Array.from({ length: dice.between(0, 2) }, () => ({
      forgery: dice.pick(forgeries),
      afterMs: dice.between(0, 2_000),
    })),
    cancelAfterMs: kind === "cancelled" ? dice.between(0, 1_200) : null,
  };
}

function planCalls(dice: Dice, kind: TaskKind): CallBehaviour[] {
  const soon = dice.between(0, 60);
  if (kind === "down") return [{ answer: dice.pick(["unavailable", "break-off"]), afterMs: soon }];
  const troubles = Array.from({ length: dice.pick([0, 0, 0, 1, 1, 2]) }, (): CallBehaviour => {
    const answer = dice.pick(["unavailable", "busy", "break-off", "take-and-break-off", "take-and-hang"] as const);
    return { answer: kind === "refused" && answer.startsWith("take") ? "break-off" : answer, afterMs: soon };
  });
  if (kind === "refused") return [...troubles, { answer: "refuse", afterMs: soon }];
  const slow = dice.chance(0.4) ? dice.between(200, 1_200) : soon;
  return [...troubles, { answer: kind === "sync" ? "result" : "acknowledge", afterMs: slow }];
}

function planCallbacks(dice: Dice, kind: TaskKind): PlannedCallback[] {
  const callback = (label: string, report: PlannedCallback["report"], afterMs: number): PlannedCallback => {
    const copies = Array.from({ length: dice.pick([0, 0, 1, 1, 2]) }, () => dice.pick([0, 5, 300, 1_500]));
    return { label, report, afterMs, copies };
  };
  // Often before the acknowledgement of the call is recorded, or even sent.
  const soon = dice.pick([0, 10, 100, dice.between(0, 1_500)]);
  switch (kind) {
    case "done":
      return [callback("done", "success", soon)];
    case "error":
      return [callback("error", "error", soon)];
    case "cancelled":
      return [callback("done", "success", dice.between(0, 1_200))];
    case "late":
      return [
        { ...callback("alive", "progress", 0), progress: 0.1 },
        { ...callback("late", "success", dice.between(0, 500)), tooLate: true },
        // The first of two that contradict each other is the late callback, and the other one is kept beside it.
        ...(dice.chance(0.6) ? [{ ...callback("later", "error", dice.between(0, 500)), tooLate: true as const }] : []),
      ];
    case "contradiction": {
      const apart = dice.pick([0, 0, 20, 400]);
      return [callback("one", "success", soon), callback("other", "error", soon + apart)];
    }
    case "progress": {
      // In any order, some of them after the end.
      const reports = [0.1, 0.3, 0.5, 0.55, 0.8].filter(() => dice.chance(0.7));
      const end = dice.between(300, 1_500);
      return [
        ...reports.map((progress) => {
          return { ...callback(`at-${progress}`, "progress", dice.between(0, end + 200)), progress };
        }),
        callback("done", dice.chance(0.8) ? "success" : "error", end),
      ];
    }
    case "refused":
    case "down":
    case "sync":
    case "silent":
      return [];
  }
}
