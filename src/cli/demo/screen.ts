import { styleText } from 'node:util';

/** Where the demo writes: lines, and on a terminal one line of progress that is written over. */
export interface Screen {
  say(line: string): void;
  heading(line: string): void;
  /** Nothing when standard output is not a terminal. */
  progress(line: string): void;
  /** Columns. */
  readonly width: number;
}

/** A screen on `out`: with a live line on a terminal, lines alone elsewhere. */
export function createScreen(out: NodeJS.WriteStream): Screen {
  const isTerminal = out.isTTY;
  let hasProgress = false;
  const clear = (): void => {
    if (hasProgress) out.write('\r\x1b[2K');
    hasProgress = false;
  };
  return {
    width: isTerminal ? Math.max(80, out.columns) : 160,
    say(line) {
      clear();
      out.write(`${line}\n`);
    },
    heading(line) {
      clear();
      out.write(`\n${styleText('bold', line, { stream: out })}\n`);
    },
    progress(line) {
      if (!isTerminal) return;
      clear();
      out.write(line.slice(0, Math.max(20, out.columns - 1)));
      hasProgress = true;
    },
  };
}
