/** Imported before anything else: ends the process with one sentence on a Node that is too old. */
const NEEDED = [24, 12] as const;

const needed = NEEDED.join('.');
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
  process.stderr.write(
    `crossfade: this is Node ${process.versions.node}; ${needed} or newer is needed\n` +
      '  hint: in the repository, `npm run crossfade -- …` brings its own\n',
  );
  process.exit(2);
}

export {};
