/** The two sides of the proxy trial: nginx, with counters of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { get } from 'node:http';
import { ANSWER_BODY } from './isolation-side.ts';
import { fillTemplates, opens } from './peers.ts';
import { endsWithTrial } from './trial-child.ts';

export interface UpstreamCounts {
  readonly requests: number;
  readonly accepts: number;
}

export class Upstream {
  readonly port: number;
  readonly #statusPort: number;
  readonly #child: ChildProcess;
  /** Askings for the counters are requests too, each on a connection of its own. */
  #asked = 0;

  private constructor(port: number, statusPort: number, child: ChildProcess) {
    this.port = port;
    this.#statusPort = statusPort;
    this.#child = child;
  }

  /** A side on `port` that keeps its files in `folder`, counters on `statusPort`. */
  static async start(folder: string, port: number, statusPort: number): Promise<Upstream> {
    fillTemplates(folder, ['upstream.conf'], {
      PORT: String(port),
      STATUS: String(statusPort),
      BODY: ANSWER_BODY.toString(),
    });
    const started = spawn('nginx', ['-c', `${folder}/upstream.conf`, '-p', folder], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const child = endsWithTrial(started);
    child.once('error', () => process.stderr.write('the sides are nginx: install it\n'));
    const upstream = new Upstream(port, statusPort, child);
    await opens(statusPort, () => child.exitCode !== null, 'nginx, as a side,');
    return upstream;
  }

  /** Since the start, but for what asking costs. */
  async read(): Promise<UpstreamCounts> {
    const { requests, accepts } = await this.#read();
    this.#asked += 1;
    return { requests: requests - this.#asked, accepts: accepts - this.#asked };
  }

  end(): void {
    this.#child.kill();
  }

  #read(): Promise<UpstreamCounts> {
    return new Promise((resolve, reject) => {
      const asked = get({ port: this.#statusPort, host: '127.0.0.1', agent: false }, (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => {
          text += chunk;
        });
        answer.once('error', reject);
        answer.once('end', () => {
          const [, accepts, , requests] = /(\d+) (\d+) (\d+)/.exec(text) ?? [];
          resolve({ requests: Number(requests), accepts: Number(accepts) });
        });
      });
      asked.once('error', reject);
    });
  }
}
