import { existsSync, readFileSync } from "node:fs";

/**
 * The processor time that a process has had so far, in milliseconds: in user and in kernel mode, which proc_pid_stat(5) gives in
 * hundredths of a second. NaN where the system does not tell.
 */
export function processorMs(pid: number | undefined): number {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return Number.NaN;
  const stat = readFileSync(file, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
