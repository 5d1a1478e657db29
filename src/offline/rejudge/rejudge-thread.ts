/**
 * One thread of a rejudgement. In: blocks of recordings, still packed. Out: what their pairs came
 * to. What needs an order comes to one thread in that order.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../kit/assert.ts';
import type { RecordedPair } from '../../recording/format.ts';
import { unpackBlock } from '../../recording/reader.ts';
import { createRedactor } from '../../recording/redact.ts';
import type {
  Part,
  RejudgedTask,
  RejudgeStart,
  RejudgeTask,
  ToRejudgeThread,
} from './rejudge-messages.ts';
import { RuleJudge } from './rule-judge.ts';

assert(parentPort !== null, 'pairs are rejudged in a thread');
const port = parentPort;
const start = workerData as RejudgeStart;
const redactor = createRedactor(Buffer.from(start.redactKey));

interface OpenJudge {
  readonly recording: number;
  readonly judge: RuleJudge;
}

const open = new Map<Part, OpenJudge>();

/** Rules remember within a recording: each was written by a proxy of its own. */
function judgeFor({ part, recording }: RejudgeTask): RuleJudge {
  const known = open.get(part);
  if (known?.recording === recording) return known.judge;
  known?.judge.close();
  const before = start.before[recording];
  assert(before !== undefined, 'every recording has its rules');
  const judge = new RuleJudge({ before, after: start.after, part, redactor });
  open.set(part, { recording, judge });
  return judge;
}

function rejudge(task: RejudgeTask): RejudgedTask {
  const { id, recording, part, blocks } = task;
  const records: RecordedPair[] = [];
  let damaged: number | null = null;
  for (const [i, { head, stored }] of blocks.entries()) {
    const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
    const unpacked = unpackBlock({ head, stored: bytes });
    if (unpacked === undefined) {
      damaged = i;
      break;
    }
    for (const record of unpacked) records.push(record);
  }
  const first = blocks[0]?.head.firstRecord ?? 0;
  return { id, recording, part, damaged, ...judgeFor(task).judge(records, first) };
}

port.on('message', (message: ToRejudgeThread) => {
  if (message.part === 'end') {
    for (const { judge } of open.values()) judge.close();
    port.close();
    return;
  }
  port.postMessage(rejudge(message));
});
