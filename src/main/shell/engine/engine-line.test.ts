import { describe, expect, it } from 'vitest';
import { linesOf, longestLineBytes, parseEngineLine } from './engine-line.ts';

async function* chunks(
  ...parts: readonly (string | Uint8Array)[]
): AsyncGenerator<string | Uint8Array, void> {
  for (const part of parts) yield await Promise.resolve(part);
}

async function linesFrom(...parts: readonly (string | Uint8Array)[]): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const line of linesOf(chunks(...parts))) lines.push(line);
  return lines;
}

describe('lines of the engine', () => {
  it('are put together across chunks, also in the middle of a character', async () => {
    const bytes = Buffer.from('señal\nnext');

    expect(await linesFrom(bytes.subarray(0, 3), bytes.subarray(3))).toEqual(['señal', 'next']);
  });

  it('lose the carriage return of Windows', async () => {
    expect(await linesFrom('one\r\ntwo\r\n')).toEqual(['one', 'two']);
  });

  it('are left out when they grow without end, and the next one is read again', async () => {
    const endless = 'x'.repeat(longestLineBytes);

    expect(await linesFrom(endless, endless, endless, '\nshort\n')).toEqual(['short']);
  });
});

describe('an announcement', () => {
  it('tells where the engine receives', () => {
    const line =
      '{"event":"ready","dicom":{"host":"127.0.0.1","port":104,"aet":"EDGESYNC"},"web":null,"pid":7}';

    expect(parseEngineLine(line)).toMatchObject({ event: 'ready', pid: 7 });
  });

  it('tells why it cannot start', () => {
    const line = '{"event":"failed","code":"port-taken","message":"m","nextStep":"n"}';

    expect(parseEngineLine(line)).toMatchObject({ event: 'failed', code: 'port-taken' });
  });

  it.each(['', 'not JSON', '{"event":"ready"}', '{"event":"other"}', '[]', 'null'])('is not %j', (line) => {
    expect(parseEngineLine(line)).toBeUndefined();
  });
});
