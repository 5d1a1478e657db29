import type { NoiseStatus } from '../model/noise.ts';
import { noiseTable } from '../report/noise-table.ts';
import { renderTable } from '../report/table.ts';
import { visible } from '../report/escape.ts';

const PLACES_SHOWN = 20;

/** Where legacy differs from itself, and how far the routes are known; '' where nobody asks. */
export function noiseSection(noise: NoiseStatus | undefined, color: boolean): string {
  const table = noise === undefined ? null : noiseTable(noise);
  if (table === null) return '';
  const rows = table.rows.slice(0, PLACES_SHOWN);
  const more = table.rows.length - rows.length;
  const parts = [
    ...(rows.length === 0 ? [] : [renderTable(table.columns, rows, { color })]),
    ...(more > 0 ? [`  … and ${more} more: crossfade status --json`] : []),
    ...table.notes.map((note) => `  ${visible(note)}`),
  ];
  return ['Noise', ...parts].join('\n');
}
