/** The engine's side of decoders alone, in Electron's utility process: does what the test says over a socket. */
import { createConnection } from 'node:net';
import { createInterface } from 'node:readline';
import { decodersOfShell, type ShellPort } from '../../src/main/engine/preview/shell-decoder.ts';
import { DecoderSession } from '../../src/main/engine/preview/decoder-session.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import type { RigCall, RigReply } from './decoder-rig.ts';
import { firstLineOf } from './first-line.ts';

const start = decodersOfShell((process as unknown as { parentPort: ShellPort }).parentPort, () => 'chosen');
const sessions = new Map<number, DecoderSession>();
const socket = createConnection(process.argv[2]!);
socket.once('close', () => process.exit());

async function answer(call: RigCall): Promise<Partial<RigReply>> {
  const known = (): DecoderSession => sessions.get(call.session)!;
  switch (call.tag) {
    case 'start':
      sessions.set(
        call.session,
        new DecoderSession({ start, clock: new SystemClock(), withinMs: call.withinMs }),
      );
      return {};
    case 'open':
      return { value: await known().open([Buffer.from(call.file, 'base64')]) };
    case 'picture': {
      const { facts, pixels } = await known().picture(call.frame, call.look, call.longestEdge);
      return { value: { facts, pixels: Buffer.from(pixels).toString('base64') } };
    }
    case 'end':
      await known().end();
      return {};
    case 'first-line':
      return { value: await firstLineOf(start()) };
  }
}

for await (const line of createInterface(socket)) {
  const call = JSON.parse(line) as RigCall;
  void answer(call)
    .catch((error: unknown) => ({
      code: (error as { code?: string }).code ?? String(error),
      message: String(error),
    }))
    .then((reply) => {
      const session = sessions.get(call.session);
      const facts = { pid: session?.pid ?? null, isOver: session?.isOver ?? false };
      socket.write(`${JSON.stringify({ id: call.id, ...facts, ...reply })}\n`);
    });
}
