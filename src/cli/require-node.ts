/** The oldest Node that this runs on. Importing this ends the process on one that is older. */
export const NODE_NEEDED = '24.12';

const [neededMajor = 0, neededMinor = 0] = NODE_NEEDED.split('.').map(Number);
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < neededMajor || (major === neededMajor && minor < neededMinor)) {
  process.stderr.write(
    `crossfade: this is Node ${process.versions.node}; ${NODE_NEEDED} or newer is needed\n` +
      '  hint: in the repository, `npm run crossfade -- …` brings its own\n',
  );
  process.exit(2);
}
