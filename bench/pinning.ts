/**
 * Which cores a trial runs on: the proxy that is measured on one of its own; load, sides and the
 * trial itself on the others.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Pinning {
  /** What goes before the command of a proxy, with all that it starts. */
  readonly prefix: readonly string[];
  /** Where things run, as a sentence for the trial's last lines. */
  readonly says: string;
}

/** `0-2,5` as numbers. */
function coresIn(list: string): readonly number[] {
  return list.split(',').flatMap((range) => {
    const [from = 0, to = from] = range.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}

/**
 * How to pin what is measured to the first core that this process may use; this process, and so
 * everything else it starts, is on the others from now on. Not pinned where there is but one core
 * or no taskset; the sentence says so.
 */
export function pinToCores(): Pinning {
  const status = readFileSync('/proc/self/status', 'utf8');
  const [first, ...others] = coresIn(/Cpus_allowed_list:\s*(\S+)/.exec(status)?.[1] ?? '0');
  if (others.length === 0) {
    return { prefix: [], says: 'NOT pinned: there is one core for proxy, load and sides.' };
  }
  const list = others.join(',');
  const { status: code } = spawnSync('taskset', ['-acp', list, String(process.pid)]);
  if (code !== 0) return { prefix: [], says: 'NOT pinned to cores: taskset is not installed.' };
  return {
    prefix: ['taskset', '-c', String(first)],
    says:
      `Pinned by taskset: the proxy, all its processes and threads, on core ${first}; load and ` +
      `both sides on ${others.length === 1 ? 'core' : 'cores'} ${list}.`,
  };
}
