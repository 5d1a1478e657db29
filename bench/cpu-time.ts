/** What processes have cost so far, in user and kernel, all their threads. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Time by thread where the kernel counts it in nanoseconds, else by process in ticks. */
export type CpuReading = ReadonlyMap<string, number>;

const TICK_US = 10_000;
const IS_EXACT = existsSync('/proc/self/schedstat');

/** How the time is counted, for the trial's last lines. */
export const CPU_SOURCE: string = IS_EXACT
  ? 'schedstat of every thread, nanoseconds'
  : '/proc/PID/stat, ticks of 10 ms';

/** `pid` and all that it started, and they. */
export function treeOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return [pid, ...text.split(' ').filter(Boolean).map(Number).flatMap(treeOf)];
}

/** The time of these processes so far. Throws when one is gone. */
export function readCpu(pids: readonly number[]): CpuReading {
  const times = new Map<string, number>();
  for (const pid of pids) {
    if (!IS_EXACT) {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
      times.set(String(pid), (Number(fields[11]) + Number(fields[12])) * TICK_US);
      continue;
    }
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const text = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8');
      times.set(thread, Number(text.split(' ')[0]) / 1000);
    }
  }
  return times;
}

/** Microseconds between two readings. Throws when a thread took its time with it to its end. */
export function cpuUsBetween(before: CpuReading, after: CpuReading): number {
  for (const thread of before.keys()) {
    if (!after.has(thread)) throw new Error(`thread ${thread} ended while its time was counted`);
  }
  let sumUs = 0;
  for (const [thread, us] of after) sumUs += us - (before.get(thread) ?? 0);
  return sumUs;
}
