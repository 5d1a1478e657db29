/** How commands speak to a run: found by control.json, over the control API. */
import { join } from 'node:path';
import { CrossfadeError, EXIT, messageOf } from '../kit/errors.ts';
import { LIMITS } from '../kit/limits.ts';
import { pathKind } from '../kit/path-kind.ts';
import { formatDuration } from '../kit/units.ts';
import {
  type ControlPoint,
  controlPathOf,
  controlPointsOf,
  readControlPoint,
} from './control-file.ts';

export type { ControlPoint };

/**
 * Address and token of the run whose store is at `place`, a file or the folder it is in. Throws
 * `no-run` (exit 5) when there is none, and `path-unreadable` (exit 2).
 */
export function findControl(place: string): ControlPoint {
  const isFolder = pathKind(place) === 'folder';
  const path = isFolder ? join(place, 'control.json') : controlPathOf(place);
  const point = isFolder ? readControlPoint(path) : controlPointsOf(place)[0]?.point;
  if (point) return point;
  throw new CrossfadeError('no-run', `No run is here: there is no ${path}.`, {
    hint: 'Start crossfade run, or name its store: --store FILE, or -c crossfade.yaml.',
    exitCode: EXIT.unreachable,
  });
}

/**
 * The API's answer, taken to be a T. Throws `run-gone` (exit 5) when nobody answers there, or
 * another program does, and the API's own refusals with their code, hint and exit code.
 */
export async function call<T>(
  point: ControlPoint,
  method: 'GET' | 'POST',
  path: string,
  body?: object,
  timeoutMs: number = LIMITS.controlRequestMaxMs,
): Promise<T> {
  const { status, text } = await send(point, method, path, body, timeoutMs);
  const parsed = objectIn(text);
  if (status >= 200 && status < 300 && parsed !== null) return parsed as T;
  // Of a run that was killed its port may be another program's by now, or another run's.
  if (status === UNAUTHORIZED) throw runGone(point, 'what answers there refuses its token');
  const { code, message, hint, exitCode } = (parsed ?? {}) as Partial<Record<string, unknown>>;
  if (typeof code !== 'string') {
    throw runGone(point, `what answers there is no crossfade run (status ${status})`);
  }
  throw new CrossfadeError(code, String(message), {
    ...(typeof hint === 'string' && hint !== '' ? { hint } : {}),
    exitCode: typeof exitCode === 'number' ? exitCode : EXIT.usage,
  });
}

const UNAUTHORIZED = 401;

/** Every answer of the API is an object; null where this is none. */
function objectIn(text: string): object | null {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && !Array.isArray(parsed) ? parsed : null;
  } catch {
    return null;
  }
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function send(
  point: ControlPoint,
  method: string,
  path: string,
  body: object | undefined,
  timeoutMs: number,
): Promise<Answer> {
  const { address, token } = point;
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  try {
    const answer = await fetch(`${address}${path}`, {
      method,
      headers: body === undefined ? { authorization: headers.authorization } : headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { status: answer.status, text: await answer.text() };
  } catch (error) {
    const isLate = error instanceof Error && error.name === 'TimeoutError';
    const why = isLate ? `nothing came within ${formatDuration(timeoutMs)}` : messageOf(error);
    throw runGone(point, why, error);
  }
}

function runGone({ address, pid }: ControlPoint, why: string, cause?: unknown): CrossfadeError {
  return new CrossfadeError(
    'run-gone',
    `The run of process ${pid} does not answer at ${address}: ${why}.`,
    {
      hint: 'It was killed or hangs; start crossfade run again, it takes up where it was.',
      exitCode: EXIT.unreachable,
      cause,
    },
  );
}
