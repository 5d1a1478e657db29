import type { NoiseSettings, UpstreamSettings } from '../model/settings.ts';
import { isLinkLocal, isSameServer } from './addresses.ts';
import { DEFAULTS } from './defaults.ts';
import type { FileParts } from './file-parts.ts';
import { type Ends, settleSide } from './sides.ts';
import { settleShare, type Surroundings } from './surroundings.ts';

type Noise = { readonly twin: UpstreamSettings | null; readonly noise: NoiseSettings };

/** Whom legacy's second answers come from, and how often; what is wrong is a problem. */
export function settleNoise(parts: FileParts, ends: Ends, around: Surroundings): Noise {
  const { problems } = around;
  const { twin: file, noise: given = {} } = parts;
  if (file?.metrics !== undefined) {
    problems.add(['twin', 'metrics'], 'expected none: nothing is measured of a twin');
  }
  const twin = settleSide('twin', file, around);
  if (twin !== null) refuseLoops(twin.url, ends, problems);
  if (typeof given === 'string') return { twin, noise: { twinRatio: 0, reaskRatio: 0 } };
  if (given.twin !== undefined && file === undefined) {
    problems.add(['noise', 'twin'], 'expected a `twin` beside it, or `reask`: ask legacy again');
  }
  const { twin: share = DEFAULTS.twin, reask = DEFAULTS.reask } = given;
  return {
    twin,
    noise: {
      twinRatio: settleShare(share, ['noise', 'twin'], problems),
      reaskRatio: settleShare(reask, ['noise', 'reask'], problems),
    },
  };
}

/** What a twin disagrees on with itself, or with the proxy, is no noise. */
function refuseLoops(url: string, ends: Ends, problems: Surroundings['problems']): void {
  const refuse = (message: string): void => problems.add(['twin', 'url'], message);
  if (url === ends.legacy?.url) {
    refuse(`expected another server than legacy's, found "${url}"; \`noise.reask\` asks it again`);
  }
  if (url === ends.candidate?.url) {
    refuse(`expected a second legacy, found "${url}", which is the candidate's`);
  }
  if (isLinkLocal(url)) refuse(`expected no link-local address, found "${url}"`);
  for (const [name, own] of Object.entries({
    listen: ends.listen,
    'control.listen': ends.control,
  })) {
    if (own === null || !isSameServer(own, url)) continue;
    refuse(`expected another server than our own ${name}, found "${url}"`);
  }
}
