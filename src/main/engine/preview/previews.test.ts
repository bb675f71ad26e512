import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { FakeRandom } from '../../../../test/fakes/fake-random.ts';
import { wirePieces, WireReader, wireLimits, type DecoderRequest } from '../../../shared/preview-wire.ts';
import type { StudyImageRow } from '../queue/study-detail.ts';
import type { DecoderChild } from './decoder-process.ts';
import { Previews, revealSeconds } from './previews.ts';

/** A decoder in this process: answers each request by the book. */
function scriptedDecoder(): {
  readonly child: DecoderChild;
  readonly requests: DecoderRequest[];
  isEnded: boolean;
} {
  const reader = new WireReader(wireLimits.toDecoder);
  const out = new TransformStream<Uint8Array, Uint8Array>(
    undefined,
    { highWaterMark: 1e6 },
    { highWaterMark: 1e6 },
  );
  const writer = out.writable.getWriter();
  const ended = Promise.withResolvers<void>();
  const decoder = {
    requests: [] as DecoderRequest[],
    isEnded: false,
    child: {
      pid: 1,
      write: async (piece: Uint8Array) => {
        for (const { head } of reader.push(piece)) {
          const request = head as DecoderRequest;
          decoder.requests.push(request);
          const { id } = request;
          const answer =
            request.tag === 'open'
              ? { tag: 'opened', id, image: { rows: 2, columns: 2, frames: 3, frameRate: null } }
              : { tag: 'picture', id, facts: { tag: 'colour', columns: 2, rows: 2, pixelAspect: 1 } };
          const bytes = request.tag === 'open' ? [] : [new Uint8Array(12)];
          for (const one of wirePieces(answer, bytes)) await writer.write(one);
        }
      },
      chunks: out.readable,
      exited: ended.promise,
      kill: () => {
        decoder.isEnded = true;
        void writer.close().catch(() => undefined);
        ended.resolve();
      },
    },
  };
  return decoder;
}

function arrange() {
  const clock = new FakeClock();
  const decoders: ReturnType<typeof scriptedDecoder>[] = [];
  const opened: number[] = [];
  const previews = new Previews({
    start: () => {
      const one = scriptedDecoder();
      decoders.push(one);
      return one.child;
    },
    open: (image) => {
      opened.push(image.instanceId);
      return Promise.resolve([Buffer.from('file')]);
    },
    clock,
    random: new FakeRandom('previews'),
    decodeWithinMs: 1000,
  });
  const image = (instanceId: number): StudyImageRow => ({
    instanceId,
    details: undefined,
    objectName: '00',
    spoolId: '00',
    sizeBytes: 10,
    state: 'verified',
    flags: [],
    receivedAtMs: 0,
  });
  const ask = (grant: string, instanceId: number, frame = 0, studyId = 'study') =>
    previews.picture(
      grant,
      studyId,
      { image: image(instanceId), frame, size: 'frame', from: 'here' },
      new AbortController().signal,
    );
  return { clock, decoders, opened, previews, ask };
}

describe('previews', () => {
  it('need a reveal of that very study', async () => {
    const { previews, ask, decoders } = arrange();
    await expect(ask('guessed', 1)).rejects.toMatchObject({ code: 'preview-hidden' });
    const grant = previews.grant('study');
    await expect(ask(grant, 1, 0, 'another')).rejects.toMatchObject({ code: 'preview-hidden' });
    expect(decoders).toHaveLength(0);
    expect((await ask(grant, 1)).image.frames).toBe(3);
  });

  it('open a file once for all its frames, and draw no frame twice', async () => {
    const { previews, ask, decoders, opened } = arrange();
    const grant = previews.grant('study');
    for (const frame of [0, 1, 2, 1, 0]) await ask(grant, 1, frame);
    expect(opened).toEqual([1]);
    expect(decoders[0]?.requests.map(({ tag }) => tag)).toEqual(['open', 'picture', 'picture', 'picture']);
    await expect(ask(grant, 1, 3)).rejects.toMatchObject({ code: 'preview-damaged' });
  });

  it('end with the reveal: the decoder is ended and nothing that was drawn is left', async () => {
    const { clock, previews, ask, decoders, opened } = arrange();
    const grant = previews.grant('study');
    await ask(grant, 1);
    await clock.advance(revealSeconds * 1000);
    await expect(ask(grant, 1)).rejects.toMatchObject({ code: 'preview-hidden' });
    expect(decoders[0]?.isEnded).toBe(true);
    await ask(previews.grant('study'), 1);
    expect(opened).toEqual([1, 1]);
    expect(decoders).toHaveLength(2);
  });

  it('go on for another window when one is closed', async () => {
    const { previews, ask, decoders } = arrange();
    const [one, two] = [previews.grant('study'), previews.grant('study')];
    await ask(one, 1);
    previews.hide(one);
    await expect(ask(one, 1)).rejects.toMatchObject({ code: 'preview-hidden' });
    await ask(two, 1, 1);
    expect(decoders).toHaveLength(1);
    await previews.close();
    expect(decoders[0]?.isEnded).toBe(true);
  });

  it('are refused, not piled up, when too many are asked for at once', async () => {
    const { previews, ask } = arrange();
    const grant = previews.grant('study');
    const outcomes = await Promise.allSettled(Array.from({ length: 80 }, (_, at) => ask(grant, at)));
    const refused = outcomes.filter((one) => one.status === 'rejected');
    expect(refused).toHaveLength(16);
    for (const one of refused) expect(one.reason).toMatchObject({ code: 'preview-busy' });
  });
});

describe('a reveal that ends while an image is on its way', () => {
  it('starts no decoder, which nobody would end', async () => {
    const file = Promise.withResolvers<readonly Buffer[]>();
    let started = 0;
    const previews = new Previews({
      start: () => {
        started += 1;
        return scriptedDecoder().child;
      },
      open: () => file.promise,
      clock: new FakeClock(),
      random: new FakeRandom('previews'),
      decodeWithinMs: 1000,
    });
    const image = { instanceId: 1 } as StudyImageRow;
    const grant = previews.grant('study');
    const wanted = { image, frame: 0, size: 'thumbnail', from: 'cloud' } as const;
    const picture = previews.picture(grant, 'study', wanted, new AbortController().signal);
    const refused = expect(picture).rejects.toMatchObject({ code: 'preview-hidden' });
    await Promise.resolve();
    await previews.close();
    file.resolve([Buffer.from('file')]);
    await refused;
    expect(started).toBe(0);
  });
});
