/** Why a request was refused before it reached a side; each is counted. */
export const REJECT_REASONS = [
  'request-line',
  'version',
  'method',
  'target',
  'host',
  'header',
  'framing',
  'coding',
  'expect',
  'head-too-large',
  'target-too-long',
  'body-too-large',
  'chunk',
  'trailer',
  'head-timeout',
  'body-timeout',
  'connection-field',
  'loop',
  'proxy-protocol',
  /** The proxy itself is short of memory or time, and everything else is given up already. */
  'overload',
  'tls',
  /** An idle connection, closed so that another client finds room. */
  'crowded',
] as const;
export type RejectReason = (typeof REJECT_REASONS)[number];
