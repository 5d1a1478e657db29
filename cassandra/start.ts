import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CrossfadeError, codeOf, EXIT, messageOf } from '../src/kit/errors.ts';
import { CASSANDRA_ROOT } from './java.ts';
import type { NodeSettings } from './node-files.ts';
import { logPath, startNode, stopNode, waitUntilReady } from './node-process.ts';

const USAGE = `npm run cassandra [-- start|stop] [options]

  start             run a Cassandra for development until Ctrl-C or stop (the default)
  stop              stop it, from any terminal, and wait until it is gone

  --detach          start: come back when it is ready, and leave it running
  --host ADDRESS    127.0.0.1
  --port N          9042, where clients connect
  --storage-port N  7000
  --folder DIR      .cassandra/HOST-PORT; delete it to forget all data
  --with-stdin      start: stop as soon as standard input ends
`;

/** What Java answers SIGTERM with, from us or from `stop` elsewhere. */
const STOPPED_BY_SIGTERM = 143;

interface Command {
  readonly verb: 'start' | 'stop';
  readonly node: NodeSettings;
  readonly detach: boolean;
  readonly withStdin: boolean;
}

function usageError(sentence: string): CrossfadeError {
  return new CrossfadeError('usage', sentence, { hint: USAGE });
}

function parsePort(name: string, text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw usageError(`--${name} ${text} is no port (1 to 65535).`);
}

function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', default: false },
        detach: { type: 'boolean', default: false },
        'with-stdin': { type: 'boolean', default: false },
        host: { type: 'string', default: '127.0.0.1' },
        port: { type: 'string', default: '9042' },
        'storage-port': { type: 'string', default: '7000' },
        folder: { type: 'string' },
      },
    });
  } catch (error) {
    if (codeOf(error).startsWith('ERR_PARSE_ARGS')) throw usageError(messageOf(error));
    throw error;
  }
}

/** The command in `args`; null when help was asked for. Throws a usage error. */
function parseCommand(args: readonly string[]): Command | null {
  const { values, positionals } = parseFlags(args);
  if (values.help) return null;
  const [verb = 'start', ...rest] = positionals;
  if ((verb !== 'start' && verb !== 'stop') || rest.length > 0) {
    throw usageError(`${positionals.join(' ')} is neither start nor stop.`);
  }
  const port = parsePort('port', values.port);
  const folder = values.folder ?? resolve(CASSANDRA_ROOT, `${values.host}-${port}`);
  const storagePort = parsePort('storage-port', values['storage-port']);
  const node = { host: values.host, port, storagePort, folder: resolve(folder) };
  return { verb, node, detach: values.detach, withStdin: values['with-stdin'] };
}

function say(sentence: string): void {
  process.stdout.write(`cassandra: ${sentence}\n`);
}

/** Runs until the node ends: by a signal to us, by `stop` elsewhere, or by its own fault. */
async function start({ node, detach, withStdin }: Command): Promise<number> {
  const startedMs = performance.now();
  const child = await startNode(node, say);
  let isStopping = false;
  let onExit = (): void => {};
  const exited = new Promise<void>((done) => {
    onExit = done;
  });
  child.once('exit', () => onExit());
  const stop = (): void => {
    if (isStopping) return;
    isStopping = true;
    child.kill('SIGTERM');
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  if (withStdin) process.stdin.once('end', stop).resume();

  try {
    await waitUntilReady(node, child);
  } catch (error) {
    const wasAsked = isStopping || child.exitCode === STOPPED_BY_SIGTERM;
    stop();
    if (child.exitCode === null && child.signalCode === null) await exited;
    await stopNode(node);
    if (!wasAsked) throw error;
    say('stopped before it was ready');
    return EXIT.pass;
  }
  const tookSeconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  say(`ready on ${node.host}:${node.port} after ${tookSeconds} s (process ${child.pid})`);
  if (detach) {
    say(`it goes on running; npm run cassandra -- stop ends it, its log is ${logPath(node)}`);
    child.unref();
    return EXIT.pass;
  }
  await exited;
  await stopNode(node);
  if (child.exitCode === STOPPED_BY_SIGTERM) {
    say('stopped, data kept');
    return EXIT.pass;
  }
  const how = child.signalCode ?? `exit code ${child.exitCode}`;
  process.stderr.write(`cassandra: ended by itself (${how}); its log is ${logPath(node)}\n`);
  return EXIT.internal;
}

async function stop({ node }: Command): Promise<number> {
  const wasRunning = await stopNode(node);
  say(wasRunning ? 'stopped, data kept' : `none is running on ${node.host}:${node.port}`);
  return EXIT.pass;
}

async function main(args: readonly string[]): Promise<number> {
  try {
    const command = parseCommand(args);
    if (command !== null) return await (command.verb === 'start' ? start(command) : stop(command));
    process.stdout.write(USAGE);
    return EXIT.pass;
  } catch (error) {
    if (!(error instanceof CrossfadeError)) throw error;
    process.stderr.write(`cassandra: ${error.message}\n${error.hint ?? ''}\n`);
    return error.exitCode;
  }
}

process.exit(await main(process.argv.slice(2)));
