import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";

/**
 * How many threads can run at once, at least 1: what the container may use, not what the machine has.
 *
 * @param groups - where Linux says how much processor time a group of processes gets
 */
export function availableThreads(groups = "/sys/fs/cgroup"): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(quota(groups))));
}

/** Processors' worth of time that the container gets; infinite without a limit. */
function quota(groups: string): number {
  const [allowed, period] =
    words(join(groups, "cpu.max")) ??
    [join(groups, "cpu/cpu.cfs_quota_us"), join(groups, "cpu/cpu.cfs_period_us")].flatMap((path) => words(path) ?? []);
  const processors = Number(allowed) / Number(period);
  // Without a limit the first is no number, or below 0.
  return processors > 0 && Number.isFinite(processors) ? processors : Infinity;
}

function words(path: string): string[] | undefined {
  try {
    return readFileSync(path, "utf8").trim().split(/\s+/);
  } catch {
    return undefined;
  }
}
