/** What may be shown of a pair: credentials are replaced before anything is kept. */

/** The value of a header or query parameter as it may be kept: unchanged unless it is secret. */
export type Redact = (name: string, value: string) => string;

/** A divergence's value as it may be kept; null where the side has none. */
export function redactedValue(
  path: string,
  text: string | undefined,
  redact: Redact,
): string | null {
  if (text === undefined) return null;
  const field = /^(?:header|trailer):(.*)$/.exec(path);
  return field === null ? text : redact(field[1]!, text);
}

/** A request's target as it may be kept. */
export function redactedQuery(target: string, redact: Redact): string {
  const start = target.indexOf('?');
  if (start < 0) return target;
  const parameters = target.slice(start + 1).split('&');
  const kept = parameters.map((parameter) => {
    const equals = parameter.indexOf('=');
    if (equals < 0) return parameter;
    const name = parameter.slice(0, equals);
    return `${name}=${redact(name, parameter.slice(equals + 1))}`;
  });
  return `${target.slice(0, start)}?${kept.join('&')}`;
}
