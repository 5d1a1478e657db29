const DURATION_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const SIZE_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

function parseWith(table: Readonly<Record<string, number>>, text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)$/.exec(text);
  const factor = match === null ? undefined : table[match[2]!];
  return factor === undefined ? undefined : Math.round(Number(match![1]) * factor);
}

/** `30s`, `48h`, `250ms`, `2m`, `1d` in milliseconds; undefined when it is none of these. */
export function parseDurationMs(text: string): number | undefined {
  return text === '0' ? 0 : parseWith(DURATION_MS, text);
}

/** `50ms`, `0.8ms`, `500us`, `2s` in microseconds; undefined when it is none of these. */
export function parseLatencyUs(text: string): number | undefined {
  return parseWith({ us: 1, ms: 1000, s: 1_000_000 }, text);
}

/** `64KiB`, `1MiB`, `512B` in bytes; undefined when it is none of these. */
export function parseSizeBytes(text: string): number | undefined {
  return parseWith(SIZE_BYTES, text);
}

/** `0.1%` as 0.001, `1.05` as 1.05; undefined when it is neither. */
export function parseShare(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(%?)$/.exec(text);
  if (match === null) return undefined;
  return match[2] === '%' ? Number(match[1]) / 100 : Number(match[1]);
}

/** Milliseconds the way a person says it: `48h`, `6s`, `250ms`. */
export function formatDuration(ms: number): string {
  for (const [unit, factor] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ] as const) {
    if (ms >= factor && ms % factor === 0) return `${ms / factor}${unit}`;
  }
  return ms >= 1000 ? `${(ms / 1000).toFixed(1)}s` : `${Math.round(ms)}ms`;
}

/** Milliseconds as a forecast says them: `40 s`, `3 h 10 min`, `2 days 4 h`. */
export function formatAbout(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return withRest(`${hours} h`, minutes % 60, 'min');
  if (hours < 24 * 365) return withRest(`${Math.floor(hours / 24)} days`, hours % 24, 'h');
  return 'years';
}

function withRest(text: string, rest: number, unit: string): string {
  return rest === 0 ? text : `${text} ${rest} ${unit}`;
}

/** A latency in microseconds as milliseconds with three significant digits: `0.52 ms`. */
export function formatLatency(us: number): string {
  const ms = us / 1000;
  return `${ms >= 100 ? ms.toFixed(0) : ms >= 10 ? ms.toFixed(1) : ms.toFixed(2)} ms`;
}

/** A ratio of counts as a percentage, with as many digits as it takes to see it. */
export function formatShare(ratio: number): string {
  const percent = ratio * 100;
  if (percent === 0) return '0 %';
  return `${percent >= 10 ? percent.toFixed(1) : Number(percent.toPrecision(3))} %`;
}

/** Bytes as KiB, MiB or GiB. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${Math.round(bytes)} B`;
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(1)} KiB`;
  if (bytes < 1024 ** 3) return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
  return `${(bytes / 1024 ** 3).toFixed(2)} GiB`;
}
