/**
 * The expression that targets of the pattern `/v1/users/:user/*` match, their query aside: a name
 * takes one segment that is not empty, a last star takes any rest. Its one group is what stands
 * in the place of `:wanted`. Compiled once and kept by whoever asks, for every request of its life.
 */
export function pathExpression(pattern: string, wanted = ''): RegExp {
  const segments = pattern.split('/');
  const isOpen = segments.at(-1) === '*';
  if (isOpen) segments[segments.length - 1] = '';
  const source = segments.map((segment) => {
    if (!segment.startsWith(':')) return segment.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return segment.slice(1) === wanted ? '([^/?]+)' : '[^/?]+';
  });
  return new RegExp(`^${source.join('/')}${isOpen ? '' : '(?:\\?|$)'}`);
}
