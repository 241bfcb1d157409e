// Child processes with everything below them: what runs, and how all of it is ended.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** One running process. `started` tells it from another that got the same id later. */
export type Process = { pid: number; parent: number; started: string };

function fromProc(): Process[] {
  return readdirSync("/proc").flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      // The second field is the program's name in parentheses and may hold anything (proc_pid_stat(5)).
      const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (fields[0] === "Z") return [];
      return [{ pid: Number(entry), parent: Number(fields[1]), started: fields[19] ?? "" }];
    } catch {
      return []; // It ended meanwhile.
    }
  });
}

function fromPs(): Process[] {
  const { stdout } = spawnSync("ps", ["-A", "-o", "pid=,ppid=,stat=,lstart="], { encoding: "utf8" });
  return (stdout ?? "").split("\n").flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line);
    if (!match || match[3]?.startsWith("Z")) return [];
    return [{ pid: Number(match[1]), parent: Number(match[2]), started: match[4] ?? "" }];
  });
}

const runningProcesses = (): Process[] => (existsSync("/proc/self/stat") ? fromProc() : fromPs());

/** The process `pid` and everything below it, parents first. */
export function processTree(pid: number): Process[] {
  const all = runningProcesses();
  const tree = all.filter((process) => process.pid === pid);
  for (const parent of tree) tree.push(...all.filter((process) => process.parent === parent.pid));
  return tree;
}

/** Those of `processes` that still run. */
export function stillRunning(processes: Process[]): Process[] {
  const now = new Map(runningProcesses().map((process) => [process.pid, process.started]));
  return processes.filter((process) => now.get(process.pid) === process.started);
}

/** Sends `signal` to those of `processes` that still run. */
export function signalAll(processes: Process[], signal: NodeJS.Signals): void {
  for (const { pid } of stillRunning(processes)) {
    try {
      process.kill(pid, signal);
    } catch {
      // It ended meanwhile.
    }
  }
}

/**
 * Ends the process `pid`: `signal` to it alone, so that it can end what is below it in order, and after `graceMs`, or
 * when it is gone, SIGKILL to whatever of its tree is left. Resolves when nothing is.
 */
export async function endTree(pid: number, signal: NodeJS.Signals, graceMs: number): Promise<void> {
  const known = new Map<string, Process>();
  const look = () => {
    for (const process of processTree(pid)) known.set(`${process.pid} ${process.started}`, process);
  };
  look();
  signalAll(
    [...known.values()].filter((process) => process.pid === pid),
    signal,
  );
  const deadline = performance.now() + graceMs;
  while (processTree(pid).length > 0 && performance.now() < deadline) {
    look();
    await sleep(50);
  }
  while (stillRunning([...known.values()]).length > 0) {
    signalAll([...known.values()], "SIGKILL");
    await sleep(20);
  }
}
