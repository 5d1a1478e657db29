import { isReadMethod } from '../config/routes.ts';
import type { RouteToProve } from '../judge/evidence.ts';
import type { Settings } from '../model/settings.ts';

/** Every route of the configuration whose requests are mirrored. */
export function routesToProve({
  routes,
  mirror,
  unproven = [],
}: Pick<Settings, 'routes' | 'mirror' | 'unproven'>): readonly RouteToProve[] {
  const compared = routes.filter(({ match, method, safe, writes }) => {
    const isRead = safe || isReadMethod(method);
    return isRead ? (mirror.routes?.includes(match) ?? true) : writes === 'mirror';
  });
  return compared.map(({ match }) => {
    const accepted = unproven.find(({ route }) => route === match);
    if (accepted === undefined) return { route: match, accepted: null };
    return { route: match, accepted: { reason: accepted.reason, owner: accepted.owner } };
  });
}
