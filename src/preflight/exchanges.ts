/** The same request to all three ends, and what follows from how each received it. */
import {
  type Ask,
  END_NAMES,
  type EndName,
  type End,
  type Ends,
  receptionOf,
  receptionWords,
} from './ends.ts';
import type { Finding } from './finding.ts';
import { PROBES } from './probes.ts';
import type { Heard, RawClient } from './raw-client.ts';

type HeardByEnd = Readonly<Record<EndName, Heard>>;

/** Every probe of the table, judged. What becomes of an unwanted one is no difference. */
export async function judgeProbes(client: RawClient, ends: Ends, base: Ask): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const { name, tier, bytes } of PROBES) {
    const heard = await askAll(client, ends, (end) => bytes(end, base));
    for (const finding of judgeReceptions(heard, name)) {
      const isOnPurpose = tier === 'unwanted';
      found.push(
        isOnPurpose
          ? { ...finding, isDifference: false, mend: 'no client should send it' }
          : finding,
      );
    }
  }
  return found;
}

/** A request of the sample, judged; also the status that legacy answered directly, 0 for none. */
export async function judgeAsk(
  client: RawClient,
  ends: Ends,
  ask: Ask,
): Promise<{ readonly legacyStatus: number; readonly findings: Finding[] }> {
  const heard = await askAll(client, ends, (end) => end.compose(ask));
  const where = `${ask.method} ${ask.target}`;
  return { legacyStatus: statusOf(heard.legacy), findings: judgeReceptions(heard, where) };
}

/** What differs is asked once more: a server that was only busy is no finding. */
async function askAll(
  client: RawClient,
  ends: Ends,
  bytes: (end: End) => Buffer,
): Promise<HeardByEnd> {
  const once = async (): Promise<HeardByEnd> => {
    const [legacy, proxy, candidate] = await Promise.all(
      END_NAMES.map((name) => client.ask(ends[name].address, bytes(ends[name]), false)),
    );
    return { legacy: legacy!, proxy: proxy!, candidate: candidate! };
  };
  const heard = await once();
  return judgeReceptions(heard, '').length === 0 ? heard : once();
}

/** Legacy direct against through the proxy by status, the two sides by how they received it. */
export function judgeReceptions(heard: HeardByEnd, where: string): Finding[] {
  const { legacy, proxy, candidate } = heard;
  const found: Finding[] = [];
  if (statusOf(legacy) !== statusOf(proxy)) {
    const isRefusal = isGood(legacy) && !isGood(proxy);
    found.push({
      group: 'proxy',
      isDifference: true,
      what: `legacy ${receptionWords(legacy)}, ${
        isRefusal ? 'the proxy' : 'through the proxy it'
      } ${receptionWords(proxy)}`,
      where,
      mend: isRefusal
        ? 'to mend: clients that send this lose it, so change them, or leave this traffic on legacy'
        : 'to mend: find out what legacy answers otherwise to, or whether it is flaky',
    });
  }
  if (receptionOf(legacy) !== receptionOf(candidate)) {
    found.push({
      group: 'side',
      isDifference: true,
      what: `legacy ${receptionWords(legacy)}, the candidate ${receptionWords(candidate)}`,
      where,
      mend: isGood(legacy)
        ? 'to mend: let the candidate receive it as legacy does, or expect these pairs to differ'
        : 'to mend: give the candidate what makes legacy refuse it, such as a rule in front of it',
    });
  }
  return found;
}

function isGood(heard: Heard): boolean {
  const reception = receptionOf(heard);
  return reception === 'taken' || reception === 'missing';
}

function statusOf(heard: Heard): number {
  return heard.kind === 'answered' ? heard.answer.status : 0;
}
