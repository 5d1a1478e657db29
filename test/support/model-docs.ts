/** docs/model.md with the terminal sessions in it run anew; `node` this file to write them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { crossfade } from './command.ts';

const PATH = 'docs/model.md';
const SESSION = /^```console\n\$ crossfade (.+)\n[\s\S]*?^```$/gm;

/** The page as it stands, and as its commands make it. */
export async function modelDocs(): Promise<{ path: string; text: string; current: string }> {
  const current = readFileSync(PATH, 'utf8');
  let text = current;
  for (const [session, words = ''] of current.matchAll(SESSION)) {
    const { stdout, stderr } = await crossfade(...words.split(' '));
    const made = ['```console', `$ crossfade ${words}`, `${stdout}${stderr}\`\`\``].join('\n');
    text = text.replace(session, () => made);
  }
  return { path: PATH, text, current };
}

if (import.meta.main) {
  const { path, text } = await modelDocs();
  writeFileSync(path, text);
}
