import { join } from "node:path";
import { listenForInterruption } from "../stack/interruption.ts";
import { root } from "../stack/layout.ts";
import { runCommand } from "../stack/run-command.ts";
import { withStack } from "../stack/stack.ts";

/** `npm run demo`: the stack around scripts/demo.ts, whose exit code is ours. */
export async function demo(args: string[]): Promise<number> {
  const script = join(root, "scripts", "demo.ts");
  return withStack(listenForInterruption(), (signal) => runCommand(process.execPath, [script, ...args], signal));
}
