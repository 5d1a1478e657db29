/** How commands speak to a run: found by control.json, over the control API. */
import { join } from 'node:path';
import { CrossfadeError, EXIT, messageOf } from '../kit/errors.ts';
import { LIMITS } from '../kit/limits.ts';
import { pathKind } from '../kit/path-kind.ts';
import { type ControlPoint, controlPathOf, readControlPoint } from './control-file.ts';

export type { ControlPoint };

/**
 * Address and token of the run whose store is at `place`, a file or the folder it is in. Throws
 * `no-run` (exit 5) when there is none, and `path-unreadable` (exit 2).
 */
export function findControl(place: string): ControlPoint {
  const isFolder = pathKind(place) === 'folder';
  const path = isFolder ? join(place, 'control.json') : controlPathOf(place);
  const point = readControlPoint(path);
  if (point !== null) return point;
  throw new CrossfadeError('no-run', `No run is here: there is no ${path}.`, {
    hint: 'Start crossfade run, or name its store: --store FILE, or -c crossfade.yaml.',
    exitCode: EXIT.unreachable,
  });
}

/**
 * The API's answer, taken to be a T. Throws `run-gone` (exit 5) when nobody answers there, and
 * the API's own refusals with their code, hint and exit code.
 */
export async function call<T>(
  point: ControlPoint,
  method: 'GET' | 'POST',
  path: string,
  body?: object,
  timeoutMs: number = LIMITS.controlRequestMaxMs,
): Promise<T> {
  const answer = await send(point, method, path, body, timeoutMs);
  const parsed: unknown = await answer.json();
  if (answer.ok) return parsed as T;
  const { code, message, hint, exitCode } = parsed as Partial<Record<string, string | number>>;
  throw new CrossfadeError(
    String(code ?? 'control-failed'),
    String(message ?? `The control API answered ${answer.status}.`),
    {
      ...(typeof hint === 'string' && hint !== '' ? { hint } : {}),
      exitCode: typeof exitCode === 'number' ? exitCode : EXIT.usage,
    },
  );
}

async function send(
  { address, token, pid }: ControlPoint,
  method: string,
  path: string,
  body: object | undefined,
  timeoutMs: number,
): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  try {
    return await fetch(`${address}${path}`, {
      method,
      headers: body === undefined ? { authorization: headers.authorization } : headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (error) {
    throw new CrossfadeError(
      'run-gone',
      `The run of process ${pid} does not answer at ${address}: ${messageOf(error)}.`,
      {
        hint: 'It was killed or hangs; start crossfade run again, it takes up where it was.',
        exitCode: EXIT.unreachable,
        cause: error,
      },
    );
  }
}
