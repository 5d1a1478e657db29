/** What preflight found, as plain facts; sentences.ts says them and `--json` prints them. */

/** The headings of the report, in its order. */
export type FindingGroup = 'proxy' | 'side' | 'sizes' | 'time' | 'tokens' | 'routes';

export interface Finding {
  readonly group: FindingGroup;
  /**
   * False for what should be known and cannot be set right here: requests that no client should
   * send, and limits that harm nobody.
   */
  readonly isDifference: boolean;
  /** One sentence with the measured values. */
  readonly what: string;
  /** Method and target, route, or end. */
  readonly where: string;
  /** What to set or change; '' where there is nothing to be done. */
  readonly mend: string;
}

/** Largest accepted size by end, bytes; `atLeast` where no limit was reached. */
export interface SizeFact {
  readonly bytes: number;
  readonly bound: 'exact' | 'at-least' | 'below';
  /** How the next larger one was received: a status, or why no answer came; '' where none was. */
  readonly refusal: string;
  /** It was the proxy that refused it, by a limit of its own, and not the side behind it. */
  readonly isRefusedByProxy: boolean;
}

/** How a route of the sample is classified, and what asking it twice showed. */
export interface RouteFact {
  /** The `match` of the route where it is declared; else method and path, ids as `:id`. */
  readonly route: string;
  readonly method: string;
  readonly kind: 'safe' | 'write';
  readonly isKeyed: boolean;
  readonly isDeclared: boolean;
  /** Whether a write is mirrored, or a read among the mirrored routes. */
  readonly isMirrored: boolean;
  /** Requests of the sample on it. */
  readonly requests: number;
  /** Requests that were asked; the others are writes, or too dangerous to ask. */
  readonly asked: number;
  /** What says that a request changes something; '' when nothing does. */
  readonly sideEffect: string;
}
