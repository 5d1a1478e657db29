/** The longest stall of a proxy within a stretch of time: no side's fault, whatever it delayed. */
export interface ProxyStall {
  /** Half-open [fromMs, toMs), wall clock: it lies somewhere in it. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly longestUs: number;
}
