import pino from 'pino';

/** A log of fixed phrases with facts as fields: info for events, warn for limits, error to act. */
export interface Log {
  info(fields: object, phrase: string): void;
  warn(fields: object, phrase: string): void;
  error(fields: object, phrase: string): void;
}

/**
 * The log of this process on stderr: one JSON object a line when it is read by a machine, one
 * sentence a line on a terminal. `quiet` leaves warnings and errors. The only place for pino.
 */
export function createLog(isTerminal: boolean, quiet = false): Log {
  if (!isTerminal) {
    const level = quiet ? 'warn' : 'info';
    return pino(
      { base: null, level, timestamp: pino.stdTimeFunctions.isoTime },
      pino.destination(2),
    );
  }
  const line = (mark: string, fields: object, phrase: string): void => {
    const facts = Object.entries(fields).map(([name, value]) => `${name}=${String(value)}`);
    const time = new Date().toISOString().slice(11, 19);
    process.stderr.write(`${time} ${mark}${[phrase, ...facts].join('  ')}\n`);
  };
  return {
    info: (fields, phrase) => (quiet ? undefined : line('', fields, phrase)),
    warn: (fields, phrase) => line('warning: ', fields, phrase),
    error: (fields, phrase) => line('error: ', fields, phrase),
  };
}
