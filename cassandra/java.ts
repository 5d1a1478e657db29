import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CrossfadeError, EXIT } from '../src/kit/errors.ts';

const CASSANDRA_VERSION = '5.0.9';
const SUPPORTED_JAVA: readonly number[] = [11, 17];

/** Where everything of the development Cassandra lives; ignored by git. */
export const CASSANDRA_ROOT: string = resolve(import.meta.dirname, '..', '.cassandra');

const JARS = join(CASSANDRA_ROOT, `lib-${CASSANDRA_VERSION}`);

/** The command that starts Java: that of JAVA_HOME where it is set. */
function javaCommand(): string {
  const home = process.env['JAVA_HOME'] ?? '';
  return home === '' ? 'java' : join(home, 'bin', 'java');
}

/** The Java to run Cassandra with. Throws when there is none or Cassandra does not support it. */
export function requireJava(): string {
  const command = javaCommand();
  const asked = spawnSync(command, ['-version'], { encoding: 'utf8' });
  if (asked.error !== undefined || asked.status !== 0) {
    throw new CrossfadeError('java-missing', `Java cannot be run as ${command}.`, {
      hint: 'Install a JDK or JRE 17, or set JAVA_HOME to one.',
    });
  }
  const match = /version "(?:1\.)?(\d+)/.exec(`${asked.stderr}${asked.stdout}`);
  const major = Number(match?.[1]);
  if (!SUPPORTED_JAVA.includes(major)) {
    const found = match === null ? 'of an unknown version' : `version ${major}`;
    throw new CrossfadeError(
      'java-unsupported',
      `Java (${command}) is ${found}; Cassandra ${CASSANDRA_VERSION} needs 11 or 17.`,
      { hint: 'Set JAVA_HOME to a Java 17.' },
    );
  }
  return command;
}

/**
 * The folder with Cassandra's jars, fetched through Maven the first time (about 100 jars, 67 MB).
 * Throws when they are absent and Maven is, or cannot fetch them.
 */
export function requireJars(say: (sentence: string) => void): string {
  if (existsSync(JARS)) return JARS;
  requireMaven();
  say(`fetching Cassandra ${CASSANDRA_VERSION} through Maven, once (67 MB)`);
  mkdirSync(CASSANDRA_ROOT, { recursive: true });
  // A folder of its own until it is whole: two starters may fetch at once, and a cut leaves none.
  const part = `${JARS}.part-${randomUUID()}`;
  const pom = join(import.meta.dirname, 'pom.xml');
  const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${part}`];
  const fetched = spawnSync('mvn', ['-B', '-q', '-f', pom, ...goal], { encoding: 'utf8' });
  try {
    if (fetched.status !== 0) throw mavenFailed(`${fetched.stdout}${fetched.stderr}`);
    keepFirst(part);
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
  return JARS;
}

function keepFirst(part: string): void {
  try {
    renameSync(part, JARS);
  } catch (error) {
    // Another starter was first; its jars are the same.
    if (!existsSync(JARS)) throw error;
  }
}

function requireMaven(): void {
  const asked = spawnSync('mvn', ['-v'], { encoding: 'utf8' });
  if (asked.status === 0) return;
  throw new CrossfadeError('maven-missing', 'Maven (mvn) cannot be run; it fetches Cassandra.', {
    hint: 'Install Maven 3.8 or newer.',
  });
}

function mavenFailed(output: string): CrossfadeError {
  const reason = output.split('\n').find((line) => line.includes('ERROR')) ?? 'it gave no reason';
  return new CrossfadeError('maven-failed', `Maven could not fetch Cassandra: ${reason.trim()}`, {
    hint: 'Maven Central (repo.maven.apache.org) must be reachable the first time.',
    exitCode: EXIT.unreachable,
  });
}
