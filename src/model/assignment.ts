/** What every proxy does with traffic. Sent by the controller; the newest revision wins. */
export interface Assignment {
  /** Grows with each controller start: a stale controller's assignments are refused. */
  readonly epoch: number;
  /** Grows with each change within the rollout. */
  readonly revision: number;
  /** 0 to 100: share of keys live on the candidate. */
  readonly canaryPercent: number;
  /** Salt of the cohort hash; fixed for the whole migration. */
  readonly salt: string;
  /** 0 to 100: share of eligible keys mirrored. */
  readonly mirrorPercent: number;
  /** Mirrored requests a second of this proxy; null for no limit. */
  readonly mirrorRatePerSec: number | null;
  /** Why nothing is mirrored now (a person, or legacy suffers); '' while mirroring is on. */
  readonly mirrorPause: string;
  /** 0 to 50: share of the seconds in which no read is mirrored, to measure legacy alone. */
  readonly mirrorBaselinePercent: number;
  /** Grows with each change of the four above; the evidence of a step goes on across it. */
  readonly mirrorRevision: number;
  /** 0 to 100: share of mirrored pairs compared. */
  readonly comparePercent: number;
  /** Id of the rollout: another one has another candidate build. Absent: always the same. */
  readonly rollout?: number;
  /** Percent a proxy goes to when it has lost its controller for too long. */
  readonly safeTarget: number;
}
