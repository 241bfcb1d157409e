import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, root } from "../stack/layout.ts";
import { runCommand } from "../stack/run-command.ts";
import { runQuietly } from "../stack/run-quietly.ts";
import { none, type Outcome } from "./outcome.ts";

type Project = "unit" | "emulator";

/** The part that we read of what `jest --json` writes. */
type Results = {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  /** Test files that broke before their tests could run. */
  numRuntimeErrorTestSuites: number;
};

const jest = join(root, "node_modules", "jest", "bin", "jest.js");
const selection = (project: Project, patterns: string[]): string[] => [
  ...["--config", join(root, "jest.config.mjs"), "--selectProjects", project, "--passWithNoTests"],
  ...patterns,
];

/** Whether the project has a test file that matches. True also where jest cannot tell, so that its run says why. */
export async function hasTests(project: Project, patterns: string[], interruption: AbortSignal): Promise<boolean> {
  const { ok, output } = await runQuietly(
    process.execPath,
    [jest, "--listTests", ...selection(project, patterns)],
    interruption,
  );
  return !ok || /\.test\.ts$/m.test(output);
}

function readResults(file: string): Results | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** Runs one of the jest projects. A run without results, or that fails for another reason than a test, fails once. */
export async function runJest(project: Project, patterns: string[], interruption: AbortSignal): Promise<Outcome> {
  mkdirSync(cacheFolder, { recursive: true });
  const file = join(cacheFolder, `jest-${project}.json`);
  rmSync(file, { force: true });
  const workers = project === "emulator" ? ["--maxWorkers=2"] : [];
  const reporting = ["--ci", "--json", `--outputFile=${file}`];
  const args = [jest, ...selection(project, patterns), ...workers, ...reporting];
  console.log(`\nRunning the ${project} tests …`);
  const code = await runCommand(process.execPath, args, interruption, { stdout: "ignore", cwd: root });
  const results = readResults(file);
  if (!results) {
    console.error(`jest ended with code ${code} and left no results of the ${project} tests: see its messages above.`);
    return { ...none, failed: 1 };
  }
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  if (code !== 0 && failed === 0) console.error(`jest ended with code ${code}, though no ${project} test failed.`);
  return {
    passed: results.numPassedTests,
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: results.numPendingTests + results.numTodoTests,
  };
}
