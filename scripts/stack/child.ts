import { type Serializable, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { FriendlyError } from "./friendly-error.ts";
import { root } from "./layout.ts";

const tailCharacters = 4_000;

/** Where what a process prints goes: into the file of that path, begun anew, so that nobody has to read along; or to who listens. */
export type Output = string | ((text: string) => void);

/** A process that this one started. */
export interface Child {
  readonly pid: number | undefined;
  /** The end of what it printed. */
  readonly output: () => string;
  /** The next thing that it says over its channel. @throws FriendlyError with its output where it ends instead. */
  readonly hear: <Message>() => Promise<Message>;
  /** Says something to it, and gives what it says to that; else as `hear`. */
  readonly ask: <Answer>(question: Serializable) => Promise<Answer>;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Resolves with what ended it. */
  readonly ended: Promise<string>;
  /** Closes the channel, and waits until it has ended itself, as ours do then. */
  readonly dismiss: () => Promise<void>;
  /** Kills it, and waits until it is gone. */
  readonly stop: () => Promise<void>;
}

/** Starts a program in the root of the repository. `env` comes on top of this process's own environment; `name` is for messages. */
export function startChild(
  name: string,
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  output: Output,
): Child {
  const file = typeof output === "string" ? openAnew(output) : undefined;
  const streams = file ?? "pipe";
  const child = spawn(program, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", streams, streams, "ipc"],
  });
  if (file !== undefined) closeSync(file);
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk) => {
      const text = String(chunk);
      printed = (printed + text).slice(-tailCharacters);
      if (typeof output === "function") output(text);
    });
  }
  const tail = () => (typeof output === "string" ? readFileSync(output, "utf8").slice(-tailCharacters) : printed);
  const ended = new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  const hear = async <Message>(): Promise<Message> => {
    const said = new Promise<{ message: Message }>((resolve) => {
      child.once("message", (message) => resolve({ message: message as Message }));
    });
    const next = await Promise.race([said, ended]);
    if (typeof next === "string") throw new FriendlyError(`${name} ended by itself (${next}). It wrote:\n${tail()}`);
    return next.message;
  };
  return {
    pid: child.pid,
    output: tail,
    hear,
    ask: async (question) => {
      child.send(question);
      return await hear();
    },
    signal: (signal) => child.kill(signal),
    ended,
    dismiss: async () => {
      child.disconnect();
      await ended;
    },
    stop: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

function openAnew(file: string): number {
  mkdirSync(dirname(file), { recursive: true });
  return openSync(file, "w");
}
