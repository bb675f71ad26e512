import { z } from 'zod';

const readySchema = z.object({
  event: z.literal('ready'),
  dicom: z.object({ host: z.string(), port: z.int().min(0).max(65535), aet: z.string() }),
  web: z.string().nullable(),
  pid: z.int(),
});
const failedSchema = z.object({
  event: z.literal('failed'),
  code: z.string().max(64),
  message: z.string().max(2000),
  nextStep: z.string().max(2000),
});
const lineSchema = z.discriminatedUnion('event', [readySchema, failedSchema]);

/** What the engine says on its standard output: that it receives, or why it cannot. */
export type EngineLine = z.infer<typeof lineSchema>;

/** undefined for a line that is no announcement; such lines are passed over. */
export function parseEngineLine(line: string): EngineLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const parsed = lineSchema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

/** An announcement is a few hundred bytes; more than this without a line end is not one and is dropped. */
export const longestLineBytes = 64 * 1024;

/** Cuts a stream of bytes into lines. A line over `longestLineBytes` is left out whole, so memory stays bounded. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let held = '';
  let tooLong = false;
  for await (const chunk of chunks) {
    held += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    for (let end = held.indexOf('\n'); end !== -1; end = held.indexOf('\n')) {
      const line = held.slice(0, end).replace(/\r$/, '');
      held = held.slice(end + 1);
      if (!tooLong && line.length <= longestLineBytes) yield line;
      tooLong = false;
    }
    if (held.length > longestLineBytes) {
      held = '';
      tooLong = true;
    }
  }
  if (held !== '' && !tooLong) yield held;
}
