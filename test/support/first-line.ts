import type { DecoderChild } from '../../src/main/engine/preview/decoder-process.ts';

/** The first line that a process says; it is ended then. */
export async function firstLineOf(child: DecoderChild): Promise<string> {
  let text = '';
  for await (const chunk of child.chunks) {
    text += Buffer.from(chunk).toString('utf8');
    if (text.includes('\n')) break;
  }
  child.kill();
  await child.exited;
  return text;
}
