// Runs one command of the local stack. Called by run.mjs, under Node 24, with all packages in place.
import { FriendlyError } from "./stack/friendly-error.ts";

type Command = (args: string[]) => Promise<number>;

const commands: Record<string, () => Promise<Command>> = {
  bench: async () => (await import("./commands/bench.ts")).bench,
  demo: async () => (await import("./commands/demo.ts")).demo,
  exec: async () => (await import("./commands/exec.ts")).exec,
  expire: async () => (await import("./commands/expire.ts")).expire,
  key: async () => (await import("./commands/key.ts")).key,
  start: async () => (await import("./commands/start.ts")).start,
  test: async () => (await import("./commands/test.ts")).test,
};

const [name = "", ...args] = process.argv.slice(2);
const load = commands[name];
try {
  if (!load) throw new FriendlyError(`No command "${name}": use one of ${Object.keys(commands).join(", ")}.`);
  const command = await load();
  process.exit(await command(args));
} catch (error) {
  console.error(error instanceof FriendlyError ? `\n${error.message}` : error);
  process.exit(error instanceof FriendlyError ? error.exitCode : 1);
}
