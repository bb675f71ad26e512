/** What docs/conformance-statement.md claims of the associations that we ask for, as they come over the wire. */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AssociateRequest, decodeAssociateRequest } from '../../src/main/engine/dicom/pdu-associate.ts';
import { requestCommitment } from '../../src/main/engine/send/commit.ts';
import { echo } from '../../src/main/engine/send/echo.ts';
import { sendFiles } from '../../src/main/engine/send/send-files.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { SystemRandom } from '../../src/main/engine/system/random.ts';
import { CommitmentRig, named } from '../support/commitment-rig.ts';
import { cell, column, type Row, written } from '../support/conformance-page.ts';
import { makeDicomFile } from '../support/dicom-files.ts';

const clock = new SystemClock();
let server: Server;
let port: number;
let asked: AssociateRequest[];
let rig: CommitmentRig | undefined;

/** Takes down what it is asked for, and rejects it. */
beforeEach(async () => {
  asked = [];
  server = createServer((socket) => {
    let received = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 6 || received.length < 6 + received.readUInt32BE(2)) return;
      asked.push(decodeAssociateRequest(received.subarray(6)));
      socket.end(Buffer.from([3, 0, 0, 0, 0, 4, 0, 1, 1, 1]));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});

afterEach(async () => {
  await rig?.dispose();
  rig = undefined;
  server.close();
  await once(server, 'close');
});

function peer() {
  return { host: '127.0.0.1', port, callingAe: 'EDGESYNC', calledAe: 'ARCHIVE' };
}

/** Contexts as a row of the statement says them. */
function contextsOf(row: Row | undefined): readonly unknown[] {
  if (row === undefined) throw new Error('the statement has no such table');
  const abstractSyntax = cell(row, 'Abstract Syntax').split(' ').at(-1);
  return [{ id: 1, abstractSyntax, transferSyntaxes: cell(row, 'Transfer Syntaxes').split(', ') }];
}

describe('associations that the conformance statement says we ask for', () => {
  it('a connection is tested as claimed', async () => {
    await expect(echo({ ...peer(), clock })).rejects.toThrow();
    const [row] = written('**Activity: test a connection** (`edge-sync echo`).', 'Abstract Syntax');
    expect(asked[0]?.contexts).toEqual(contextsOf(row));
    expect(asked[0]?.user.roles).toEqual([]);
    expect(asked[0]?.user.implementationClassUid).toBe(column('identity', 'Value')[1]);
  });

  it('storage commitment is asked for as claimed', async () => {
    const asking = requestCommitment({
      ...{ peer: peer(), references: named('1'), waitMs: 1_000, clock, random: new SystemRandom() },
    });
    await expect(asking).rejects.toThrow();
    const [row] = written(
      '**Activity: request storage commitment** (`edge-sync send --commit`), after sending.',
      'Abstract Syntax',
    );
    expect(asked[0]?.contexts).toEqual(contextsOf(row));
    expect(asked[0]?.user.roles).toEqual([]);
  });

  it('a result of storage commitment is told as claimed, in the role claimed, to the title of the device', async () => {
    rig = await CommitmentRig.start();
    const until = rig.until.bind(rig);
    rig.endpoint = { host: '127.0.0.1', port, channel: 'plain' };
    await rig.receive('1');
    await rig.kit.verifyAll();
    const asking = requestCommitment({
      peer: { host: '127.0.0.1', port: rig.port, callingAe: 'CT_ROOM_1', calledAe: 'EDGESYNC' },
      ...{ references: named('1'), waitMs: 60_000, clock, random: new SystemRandom() },
    });
    await until(() => asked.length > 0, 'it calls the device');
    const [row] = written('#### 4.2.1.3 Association initiation policy', 'Abstract Syntax');
    expect(asked[0]?.contexts).toEqual(contextsOf(row));
    expect(row?.['Role']).toBe('SCP (SCU 0, SCP 1)');
    expect(asked[0]?.user.roles).toEqual([
      { sopClass: '1.2.840.10008.1.20.1', scu: 'not-supported', scp: 'supported' },
    ]);
    expect([asked[0]?.callingAeTitle, asked[0]?.calledAeTitle]).toEqual(['EDGESYNC', 'CT_ROOM_1']);
    // It is told on the association that asked instead.
    let isOver = false;
    void asking.finally(() => (isOver = true));
    await until(() => isOver, 'the result is told');
    expect(await asking).toMatchObject({ tag: 'answered', failed: [] });
  });

  it('files are proposed by class and syntax, each pair with its one syntax', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'edge-sync-conformance-'));
    const syntaxes = ['1.2.840.10008.1.2.1', '1.2.840.10008.1.2', '1.2.840.10008.1.2.4.70'];
    for (const [index, transferSyntaxUid] of [...syntaxes, ...syntaxes].entries()) {
      const file = makeDicomFile({ transferSyntaxUid, sopInstanceUid: `1.2.3.${index}` });
      await writeFile(join(folder, `${index}.dcm`), file.bytes);
    }
    await sendFiles({ paths: [folder], peer: peer(), clock });
    await rm(folder, { recursive: true });
    expect(asked[0]?.contexts.map(({ transferSyntaxes }) => transferSyntaxes)).toEqual(
      syntaxes.map((uid) => [uid]),
    );
  });
});
