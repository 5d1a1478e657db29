// Runs on any Node, before scripts that need ours: plain JavaScript on purpose.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 12)) {
  console.error(
    `Crossfade needs Node 24.12 or newer; this is ${process.version}.\n` +
      'The repository brings its own, which an install without scripts leaves out: ' +
      'run `npm rebuild node`.',
  );
  process.exit(2);
}
