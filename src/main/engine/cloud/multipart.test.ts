import { describe, expect, it } from 'vitest';
import { boundaryOf, onePart, OnePartReader } from './multipart.ts';

const body = (...lines: readonly string[]): Buffer => Buffer.from(lines.join('\r\n'), 'latin1');

function readIn(chunkBytes: number, bytes: Buffer, boundary = 'b1'): string {
  const reader = new OnePartReader(boundary);
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    out.push(...reader.push(bytes.subarray(at, at + chunkBytes)));
  }
  reader.end();
  return Buffer.concat(out).toString('latin1');
}

describe('the boundary of a multipart answer', () => {
  it.each([
    ['multipart/related; type="application/dicom"; boundary=abc', 'abc'],
    ['Multipart/Related;boundary="a b:c"', 'a b:c'],
    ['multipart/related; type="application/dicom"', undefined],
    ['application/dicom; boundary=abc', undefined],
    [`multipart/related; boundary=${'x'.repeat(71)}`, undefined],
    ['multipart/related; boundary="ends with a space "', undefined],
    [undefined, undefined],
  ])('of %j is %j', (contentType, boundary) => {
    expect(boundaryOf(contentType)).toBe(boundary);
  });
});

describe('one part', () => {
  it.each([1, 2, 3, 7, 1000])('comes out as it went in, in chunks of %i bytes', async (chunkBytes) => {
    const content = 'abc\r\n--b\r\n--b2\r\n\r\n--';
    const chunks: Buffer[] = [];
    const source = (async function* () {
      yield await Promise.resolve(Buffer.from(content));
    })();
    for await (const chunk of onePart('b1', ['Content-Type: application/dicom'], source)) chunks.push(chunk);
    expect(readIn(chunkBytes, Buffer.concat(chunks))).toBe(content);
  });

  it('may have no headers, a preamble and an epilogue', () => {
    expect(readIn(5, body('hello', '--b1', '', 'content', '--b1--', 'bye'))).toBe('content');
  });

  it('says what it is', () => {
    const reader = new OnePartReader('b1');
    reader.push(body('--b1', 'Content-Length: 5', 'Content-Type: Application/DICOM; x=y', '', 'content', ''));
    expect(reader.mediaType).toBe('application/dicom');
  });

  it.each([
    ['without its end', body('--b1', '', 'content'), 'ends in the middle'],
    ['with a second one', body('--b1', '', 'one', '--b1', '', 'two', '--b1--'), 'more than one part'],
    ['that is none', body('--b1--', ''), 'no part'],
    ['with headers without end', Buffer.concat([body('--b1', ''), Buffer.alloc(40_000, 0x61)]), 'headers'],
    ['after a preamble without end', Buffer.alloc(40_000, 0x61), 'no part begins'],
  ])('%s is refused', (_what, bytes, problem) => {
    expect(() => readIn(4096, bytes)).toThrow(
      expect.objectContaining({
        code: 'cloud-server-error',
        detail: expect.stringContaining(problem) as string,
      }),
    );
  });
});
