import { once } from "node:events";
import { functionOutput, readable } from "../stack/function-log.ts";
import { listenForInterruption } from "../stack/interruption.ts";
import { apiKey, consoleUrl, emulatorLog, functionsUrl, projectId } from "../stack/layout.ts";
import { withStack } from "../stack/stack.ts";

const welcome = `
  Console    ${consoleUrl}
  API        ${consoleUrl}/api/v1
  API key    ${apiKey}                            (X-API-Key: ${apiKey})
  Functions  ${functionsUrl}/${projectId}/europe-west1
  Full log   ${emulatorLog}

  Below is what the functions log. Ctrl-C stops everything.
`;

/** Shows what the functions print and what the Functions emulator complains about, with the time. */
function show(line: string): void {
  const output = functionOutput(line);
  const shown = output === undefined ? /^[⚠✖] {2}functions.*/u.exec(line)?.[0] : readable(output);
  if (shown) console.log(`${new Date().toLocaleTimeString("en-GB")}  ${shown}`);
}

/** `npm start`: the stack until Ctrl-C, which is a success. */
export async function start(): Promise<number> {
  return withStack(
    listenForInterruption(),
    async (signal) => {
      console.log(welcome);
      if (!signal.aborted) await once(signal, "abort");
      return 0;
    },
    { onLine: show },
  );
}
