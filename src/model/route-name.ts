/** The name under which requests of a method are counted that match no route. */
export function unmatchedRoute(method: string): string {
  return `${method} other`;
}

/** The method of such a name; null for the name of a route. */
export function unmatchedMethod(route: string): string | null {
  return /^(\S+) other$/.exec(route)?.[1] ?? null;
}
