import type { GateOutcome, GateResult } from '../model/rollout.ts';
import { visible } from './escape.ts';
import { paint, type TextStyle, wrap } from './table.ts';
import { errorRates } from './wording.ts';

const VERDICT_STYLES: Readonly<Record<GateOutcome, TextStyle>> = {
  pass: 'green',
  fail: 'red',
  inconclusive: 'yellow',
};
const INDENT = 4;

/**
 * Gates for a terminal: verdict and gate as written, under them the sentence that explains them,
 * and at the end what they may err by together. No line break at its end.
 */
export function gateList(
  gates: readonly GateResult[],
  { color, width }: { readonly color: boolean; readonly width: number },
): string {
  const pad = Math.max(0, ...gates.map(({ verdict }) => verdict.length));
  const lines = gates.flatMap(({ verdict, gate, sentence }) => [
    `  ${paint(verdict, VERDICT_STYLES[verdict], color)}${' '.repeat(pad - verdict.length)}  ` +
      visible(gate),
    ...indented(sentence, width),
  ]);
  const rates = errorRates(gates);
  const notes = rates === '' ? [] : indented(rates, width).map((line) => line.slice(2));
  return [...lines, ...notes.map((line) => paint(line, 'dim', color))].join('\n');
}

function indented(text: string, width: number): readonly string[] {
  return wrap(visible(text), width - INDENT).map((line) => `${' '.repeat(INDENT)}${line}`);
}
