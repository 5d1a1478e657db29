/** The same request to all three ends, and what follows from how each received it. */
import {
  type Ask,
  END_NAMES,
  type EndName,
  type End,
  type Ends,
  receptionOf,
  receptionWords,
  statusOf,
} from './ends.ts';
import type { Finding } from './finding.ts';
import { type ForwardedForm, PROBES } from './probes.ts';
import type { Heard, RawClient } from './raw-client.ts';

type HeardByEnd = Readonly<Record<EndName, Heard>>;

/** What the sides answer directly to a request in the form in which the proxy forwards it. */
export interface HeardAsForwarded {
  readonly legacy: Heard;
  readonly candidate: Heard;
  /** The form and what demands it, to be read behind "forwards it": `in origin-form (RFC …)`. */
  readonly how: string;
}

/** Every probe of the table, judged. What becomes of an unwanted one is no difference. */
export async function judgeProbes(client: RawClient, ends: Ends, base: Ask): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const { name, tier, bytes, forwarded } of PROBES) {
    const heard = await askAll(client, ends, (end) => bytes(end, base));
    const differs = judgeReceptions(heard, name).length > 0;
    const asForwarded =
      differs && forwarded !== null ? await askForwarded(client, ends, forwarded, base) : null;
    for (const finding of judgeReceptions(heard, name, asForwarded)) {
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

async function askForwarded(
  client: RawClient,
  ends: Ends,
  { bytes, how }: ForwardedForm,
  base: Ask,
): Promise<HeardAsForwarded> {
  const [legacy, candidate] = await Promise.all(
    [ends.legacy, ends.candidate].map((end) => client.ask(end.address, bytes(end, base), false)),
  );
  return { legacy: legacy!, candidate: candidate!, how };
}

/**
 * Legacy direct against through the proxy by status, the two sides by how they received it. What
 * legacy answers to the forwarded form is no difference of the proxy's, and the sides are judged
 * by that form where it is given: no other reaches them.
 */
export function judgeReceptions(
  heard: HeardByEnd,
  where: string,
  asForwarded: HeardAsForwarded | null = null,
): Finding[] {
  const found: Finding[] = [];
  if (statusOf(heard.legacy) !== statusOf(heard.proxy)) {
    found.push(proxyFinding(heard, where, asForwarded));
  }
  const { legacy, candidate } = asForwarded ?? heard;
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

function proxyFinding(
  { legacy, proxy }: HeardByEnd,
  where: string,
  asForwarded: HeardAsForwarded | null,
): Finding {
  const isRefusal = isGood(legacy) && !isGood(proxy);
  const what =
    `legacy ${receptionWords(legacy)}, ${isRefusal ? 'the proxy' : 'through the proxy it'} ` +
    receptionWords(proxy);
  if (asForwarded !== null && statusOf(asForwarded.legacy) === statusOf(proxy)) {
    return {
      group: 'proxy',
      isDifference: false,
      what:
        `${what}: the proxy forwards it ${asForwarded.how}, and legacy answers that form so ` +
        'directly too',
      where,
      mend: receptionOf(legacy) === 'taken' ? 'clients that send it get the other answer' : '',
    };
  }
  return {
    group: 'proxy',
    isDifference: true,
    what,
    where,
    mend: isRefusal
      ? 'to mend: clients that send this lose it, so change them, or leave this traffic on legacy'
      : 'to mend: find out what legacy answers otherwise to, or whether it is flaky',
  };
}

function isGood(heard: Heard): boolean {
  const reception = receptionOf(heard);
  return reception === 'taken' || reception === 'missing';
}
