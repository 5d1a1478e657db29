/** The folders of the product in their layers; see ARCHITECTURE.md. */
const BASE = ['kit', 'model'];
const WIRE = ['wire'];
const PURE = ['compare', 'measure', 'judge', 'config', 'recording'];
const MOVING = ['store', 'proxy', 'rollout', 'engines'];
const EDGE = [
  'pauses',
  'plan',
  'read-states',
  'selftest',
  'diagnose',
  'report',
  'replay',
  'offline',
  'control',
  'preflight',
];

/**
 * From which folders each may import, besides itself. Within the pure layer siblings are apart;
 * elsewhere a folder may use those that stand before it in its layer.
 */
export const ALLOWED_IMPORTS: Readonly<Record<string, readonly string[]>> = {
  kit: [],
  model: ['kit'],
  wire: BASE,
  ...Object.fromEntries(PURE.map((folder) => [folder, BASE])),
  ...inOrder(MOVING, [...BASE, ...WIRE, ...PURE]),
  ...inOrder(EDGE, [...BASE, ...WIRE, ...PURE, ...MOVING]),
  cli: [...BASE, ...WIRE, ...PURE, ...MOVING, ...EDGE],
};

function inOrder(
  folders: readonly string[],
  before: readonly string[],
): Record<string, readonly string[]> {
  return Object.fromEntries(
    folders.map((folder, index) => [folder, [...before, ...folders.slice(0, index)]]),
  );
}

/** Where each outside library may be imported: files, or folders where they end with a slash. */
export const LIBRARY_PLACES: Readonly<Record<string, readonly string[]>> = {
  '@prometheus-io/client': ['src/read-states/metrics.ts'],
  'better-sqlite3': ['src/store/open-sqlite.ts'],
  'cassandra-driver': ['src/store/'],
  'cli-table3': ['src/report/table.ts'],
  commander: ['src/cli/'],
  fastify: ['src/control/', 'src/read-states/'],
  'hdr-histogram-js': ['src/measure/latency.ts'],
  pino: ['src/kit/log.ts'],
  'pure-rand': ['src/kit/random.ts'],
  re2js: ['src/kit/linear-pattern.ts'],
  typebox: ['src/config/'],
  undici: ['replay/target.ts'],
  yaml: ['src/config/'],
};
