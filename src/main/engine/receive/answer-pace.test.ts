import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { associated, echoCommand, pdv } from '../../../../test/support/dicom-bytes.ts';
import { startNode, until } from '../../../../test/support/dicom-peers.ts';
import { AnswerPace, paceMs } from './answer-pace.ts';

describe('the pace of answers', () => {
  it('holds nobody back who awaits the answer before asking again', () => {
    const pace = new AnswerPace(new FakeClock());
    for (let request = 0; request < 1_000; request += 1) {
      pace.chunkBegins();
      expect(pace.answered()).toBeUndefined();
    }
  });

  it('makes a peer that asks a hundred times in one breath wait before each further answer', async () => {
    const clock = new FakeClock();
    const node = await startNode({ clock });
    const peer = await associated(node.port);
    try {
      peer.send(Buffer.concat(Array<Buffer>(100).fill(pdv(5, 'command', echoCommand))));
      const answers = (): number => peer.pdus().length - 1;
      await until(() => answers() === 5, 'the first answers');
      // The clock stands: there is nothing that could bring more.
      for (let answered = 6; answered <= 100; answered += 1) {
        await clock.advance(paceMs - 1);
        expect(answers()).toBe(answered - 1);
        await clock.advance(1);
        await until(() => answers() === answered, `answer ${answered}`);
      }
    } finally {
      peer.vanish();
      await node.scp.stop();
    }
  });
});
