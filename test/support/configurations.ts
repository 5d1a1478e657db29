import { parseSettings } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/problems.ts';
import type { Settings } from '../../src/model/settings.ts';

/** The two lines that no configuration can do without. */
export const TWO_SIDES = `legacy: { url: http://127.0.0.1:9001 }
candidate: { url: http://127.0.0.1:9002 }
`;

type Env = Readonly<Record<string, string | undefined>>;

/** The settings of a text with the two sides before it. */
export function settled(text: string, folder = '/etc/crossfade', env: Env = {}): Settings {
  return parseSettings(TWO_SIDES + text, 'c.yaml', folder, env);
}

/** `line:column path: message` of every problem of a text; none where it is taken. */
export function problemsIn(text: string, folder = '/etc/crossfade', env: Env = {}): string[] {
  try {
    parseSettings(text, 'c.yaml', folder, env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((p) => `${p.line}:${p.column} ${p.path}: ${p.message}`);
  }
}
