import { FriendlyError } from "../stack/friendly-error.ts";
import { listenForInterruption } from "../stack/interruption.ts";
import { runCommand } from "../stack/run-command.ts";
import { withStack } from "../stack/stack.ts";

/** `npm run exec -- COMMAND args`: the stack around one command, whose exit code is ours. */
export async function exec(args: string[]): Promise<number> {
  const [command, ...rest] = args;
  if (command === undefined) throw new FriendlyError("Name the command to run: npm run exec -- COMMAND [args]", 2);
  return withStack(listenForInterruption(), (signal) => runCommand(command, rest, signal));
}
