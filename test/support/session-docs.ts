/** Pages with terminal sessions in them, run anew; `node` this file to write them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { crossfade } from './command.ts';

export const SESSION_PAGES = ['docs/model.md', 'docs/plan.md'] as const;

const SESSION = /^```console\n\$ crossfade (.+)\n[\s\S]*?^```$/gm;

/** A page as it stands, and as its commands make it. */
export async function sessionDocs(path: string): Promise<{ text: string; current: string }> {
  const current = readFileSync(path, 'utf8');
  let text = current;
  for (const [session, words = ''] of current.matchAll(SESSION)) {
    const { stdout, stderr } = await crossfade(...words.split(' '));
    const made = ['```console', `$ crossfade ${words}`, `${stdout}${stderr}\`\`\``].join('\n');
    text = text.replace(session, () => made);
  }
  return { text, current };
}

if (import.meta.main) {
  for (const path of SESSION_PAGES) writeFileSync(path, (await sessionDocs(path)).text);
}
