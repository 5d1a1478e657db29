/** Parameters of a query by their names. */

/**
 * The target, or a URL, without the query parameters whose decoded name `drops` says so of; the
 * others in their order and byte for byte.
 */
export function withoutParameters(target: string, drops: (name: string) => boolean): string {
  const start = target.indexOf('?');
  if (start === -1) return target;
  const all = target.slice(start + 1).split('&');
  const kept = all.filter((parameter) => !holds(parameter, drops));
  if (kept.length === all.length) return target;
  return target.slice(0, start) + (kept.length === 0 ? '' : `?${kept.join('&')}`);
}

/** Some servers part parameters by `;` as well. */
function holds(parameter: string, drops: (name: string) => boolean): boolean {
  if (!parameter.includes(';')) return drops(parameterName(parameter));
  return parameter.split(';').some((part) => drops(parameterName(part)));
}

/** The name of `NAME=VALUE`, its ASCII characters decoded. */
export function parameterName(parameter: string): string {
  const equals = parameter.indexOf('=');
  const name = equals === -1 ? parameter : parameter.slice(0, equals);
  if (!name.includes('%')) return name;
  // What cannot be decoded as a whole is still told by the parts that can.
  return name.replaceAll(/%([2-7][0-9a-f])/gi, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
