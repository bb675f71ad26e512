import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { Printed, ReaderGone } from './printed.ts';

/** A stream that refuses everything with this error. */
const refusing = (code: string) =>
  new Writable({
    write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })),
    autoDestroy: false,
  });
const taking = () => new Writable({ write: (_chunk, _encoding, done) => done() });

it('finds nothing wrong with what was taken', async () => {
  const stream = taking();
  const printed = new Printed([stream]);
  stream.write('a line');
  await printed.settled();
  expect(printed.trouble).toEqual({ tag: 'none' });
  printed.expectReader();
});

it.each(['EPIPE', 'EOF'])(
  'knows by %s that the reader went away, and lets nobody print more',
  async (code) => {
    const stream = refusing(code);
    const printed = new Printed([taking(), stream]);
    stream.write('a line');
    await printed.settled();
    expect(printed.trouble).toEqual({ tag: 'reader-gone' });
    expect(() => printed.expectReader()).toThrow(ReaderGone);
  },
);

it('tells a full disk from a reader that went away', async () => {
  const stream = refusing('ENOSPC');
  const printed = new Printed([stream]);
  stream.write('a line');
  await printed.settled();
  expect(printed.trouble).toMatchObject({ tag: 'not-written', cause: { code: 'ENOSPC' } });
});

it('asks for no reader where nobody needs one', async () => {
  const stream = refusing('EPIPE');
  const printed = new Printed([stream]);
  printed.doWithoutReader();
  stream.write('a line');
  await printed.settled();
  expect(printed.trouble).toEqual({ tag: 'none' });
  printed.expectReader();
});
