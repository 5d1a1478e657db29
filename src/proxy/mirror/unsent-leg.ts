import type { Answer, Outcome, RawHeaders } from '../../model/exchange.ts';
import type { Leg } from '../../wire/leg.ts';

const NO_FIELDS: RawHeaders = [];
const NO_BYTES = Buffer.alloc(0);

/** A shadow's leg that was never sent, for a reason of ours: aborted, and certainly not done. */
export class UnsentLeg implements Leg {
  readonly startedUs: number;
  readonly finishedUs: number;
  readonly sentUs: number = 0;
  readonly burst: number = -1;
  readonly firstByteUs: number = 0;
  readonly outcome: Outcome = 'aborted';
  readonly status: number = 0;
  readonly statusMessage: string = '';
  readonly headers: RawHeaders = NO_FIELDS;
  readonly trailers: RawHeaders = NO_FIELDS;
  readonly bodyBytes: number = 0;
  readonly announcedBytes: number | null = null;
  readonly failure: string;
  readonly isReused: boolean = false;
  readonly isSent: boolean = false;
  readonly isAnswered: boolean = false;
  readonly isFailed: boolean = true;
  readonly isCaptureWhole: boolean = false;
  readonly bodyHash: string | null = null;

  constructor(nowUs: number, failure: string) {
    this.startedUs = nowUs;
    this.finishedUs = nowUs;
    this.failure = failure;
  }

  body(): Buffer {
    return NO_BYTES;
  }

  answer(): Answer | null {
    return null;
  }

  pause(): void {}

  resume(): void {}

  fail(): void {}

  extend(): void {}
}
