import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { codeOf, messageOf } from '../kit/errors.ts';
import { LIMITS } from '../kit/limits.ts';
import type { FileSecret } from './file-parts.ts';
import type { Path } from './problems.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * A file of the configuration as bytes, `path` against its folder. Null after a refusal, which
 * names the file.
 */
export function readBeside(path: string, at: Path, around: Surroundings): Buffer | null {
  try {
    const bytes = readFileSync(resolve(around.folder, path));
    const most = LIMITS.configMaxBytes;
    if (bytes.length <= most) return bytes;
    const found = `found ${bytes.length} in "${path}"`;
    around.problems.add(at, `expected a file of at most ${most} bytes, ${found}`);
  } catch (error) {
    const why = codeOf(error) === 'ENOENT' ? 'there is no such file' : messageOf(error);
    around.problems.add(at, `expected a file that can be read, found "${path}": ${why}`);
  }
  return null;
}

/** The secret itself, out of wherever it is. Null after a refusal, which never repeats it. */
export function settleSecret(given: FileSecret, at: Path, around: Surroundings): string | null {
  if (typeof given === 'string') return given;
  const { env, file } = given;
  const { problems } = around;
  if ((env === undefined) === (file === undefined)) {
    const found = env === undefined ? 'neither' : 'both';
    problems.add(at, `expected a text, or one of the keys env and file, found ${found}`);
    return null;
  }
  if (env !== undefined) {
    const value = around.env[env] ?? '';
    if (value !== '') return value;
    const found = around.env[env] === undefined ? 'none' : 'an empty one';
    problems.add([...at, 'env'], `expected the environment variable ${env}, found ${found}`);
    return null;
  }
  const inside = [...at, 'file'];
  const text = readBeside(file!, inside, around)?.toString('utf8');
  if (text === undefined) return null;
  const line = text.split('\n', 1)[0]!.trim();
  if (line !== '') return line;
  problems.add(inside, `expected a first line with the secret, found none in "${file}"`);
  return null;
}
