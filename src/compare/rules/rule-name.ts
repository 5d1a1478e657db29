import type { CompareRule } from '../../model/settings.ts';

/**
 * The name of a rule, the same as long as its route, form, kinds and path are:
 * `GET /users/:user ignore(value) /version`, without a route for a rule of all routes.
 */
export function ruleName(rule: CompareRule): string {
  const { route = '', as, kinds = [] } = rule;
  const form = kinds.length === 0 ? as : `${as}(${[...kinds].sort().join(',')})`;
  return [route, form, placeName(rule)].filter((word) => word !== '').join(' ');
}

/** Names of fields have no case, keys of a body have. */
function placeName({ as, path, map }: CompareRule): string {
  if (as === 'map') return map?.text ?? '';
  return path.startsWith('/') ? path : path.toLowerCase();
}
