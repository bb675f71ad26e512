/** Receiving from senders that others wrote. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import dcmjsDimse from 'dcmjs-dimse';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { EdgeSyncError } from '../../src/shared/errors.ts';
import { readPart10Head } from '../../src/main/engine/dicom/part10.ts';
import { makeDicomFile, testUid, type TestFile } from '../support/dicom-files.ts';
import { runPeer, startNode, startStorescp, type TestNode, toNode, until } from '../support/dicom-peers.ts';
import { needs } from '../support/tools.ts';

let folder: string;
let node: TestNode;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edge-sync-receive-'));
  node = await startNode();
});

afterEach(async () => {
  await node.scp.stop();
  await rm(folder, { recursive: true, force: true });
});

const ctImage = '1.2.840.10008.5.1.4.1.1.2';

/** Files with identities of their own, written to a folder below the test's. */
async function writeFiles(name: string, count: number, pixelBytes = 20_000): Promise<TestFile[]> {
  await mkdir(join(folder, name));
  const files = Array.from({ length: count }, (_, index) =>
    makeDicomFile({
      sopClassUid: ctImage,
      sopInstanceUid: testUid(`${name} ${index}`),
      seed: `${name} ${index}`,
      pixelBytes,
    }),
  );
  await Promise.all(files.map((file, index) => writeFile(join(folder, name, `${index}.dcm`), file.bytes)));
  return files;
}

function digests(datasets: readonly Buffer[]): string[] {
  return datasets.map((dataset) => createHash('sha256').update(dataset).digest('hex')).sort();
}

function storedDatasets(): Buffer[] {
  return node.intake.stored.map((one) => one.dataset);
}

/** The datasets of the files that storescp wrote. */
async function datasetsIn(path: string): Promise<Buffer[]> {
  const names = await readdir(path);
  return Promise.all(
    names.map(async (name) => {
      const bytes = await readFile(join(path, name));
      const head = await readPart10Head(bytes, 'whole-file');
      if (head.tag !== 'dataset') throw new Error(`${head.tag} from storescp`);
      return bytes.subarray(head.datasetOffset);
    }),
  );
}

needs('dcmtk')('receiving from DCMTK', () => {
  it('answers echoscu', async () => {
    const { exitCode, output } = await runPeer('echoscu', ['-v', ...toNode(node.port)]);
    expect(output).toContain('Received Echo Response (Success)');
    expect(exitCode).toBe(0);
    expect(node.incidents).toEqual([]);
  });

  it('answers twenty echoes with 128 proposed contexts in one association', async () => {
    const { exitCode } = await runPeer('echoscu', ['--repeat', '20', '-ppc', '128', ...toNode(node.port)]);
    expect(exitCode).toBe(0);
  });

  it('stores what storescu sends, bit for bit as storescp +B does', async () => {
    const files = await writeFiles('in', 5);
    await mkdir(join(folder, 'out'));
    const storescp = await startStorescp(join(folder, 'out'), ['+B']);
    try {
      const args = ['+sd', '127.0.0.1', String(storescp.port), join(folder, 'in')];
      expect((await runPeer('storescu', args)).exitCode).toBe(0);
    } finally {
      await storescp.stop();
    }
    const { exitCode } = await runPeer('storescu', ['+sd', ...toNode(node.port), join(folder, 'in')]);
    expect(exitCode).toBe(0);
    expect(digests(storedDatasets())).toEqual(digests(await datasetsIn(join(folder, 'out'))));
    expect(node.intake.stored.map((one) => one.announcement.sopInstanceUid).sort()).toEqual(
      files.map((file) => file.sopInstanceUid).sort(),
    );
    expect(node.intake.stored[0]?.announcement).toMatchObject({
      sopClassUid: ctImage,
      origin: { tag: 'association', callingAeTitle: 'MODALITY', remoteAddress: '127.0.0.1' },
    });
  });

  it('stores from several associations at once, mixing nothing up', async () => {
    const groups = await Promise.all([0, 1, 2, 3].map((group) => writeFiles(`in${group}`, 8)));
    const runs = groups.map((_, group) =>
      runPeer('storescu', ['+sd', ...toNode(node.port), join(folder, `in${group}`)]),
    );
    for (const { exitCode } of await Promise.all(runs)) expect(exitCode).toBe(0);
    const expected = groups.flat().map((file) => file.dataset);
    expect(digests(storedDatasets())).toEqual(digests(expected));
  });

  it.each([
    ['with Nagle off', { TCP_NODELAY: '1' }, []],
    ['with Nagle on', { TCP_NODELAY: '0' }, []],
    ['in PDUs of 4 KB', {}, ['--max-send-pdu', '4096']],
    ['taking only PDUs of 4 KB', {}, ['-pdu', '4096']],
    ['with a user identity that wants an answer', {}, ['-usr', 'somebody', '-pwd', 'secret', '-rsp']],
    ['combining its transfer syntaxes in one context', {}, ['+C', '-xs']],
  ])('stores from storescu %s', async (_how, env, args) => {
    const files = await writeFiles('in', 3, 300_000);
    const run = await runPeer('storescu', [...args, '+sd', ...toNode(node.port), join(folder, 'in')], {
      env,
    });
    expect(run.exitCode).toBe(0);
    expect(digests(storedDatasets())).toEqual(digests(files.map((file) => file.dataset)));
  });

  it('stores what dcmsend sends', async () => {
    const files = await writeFiles('in', 4);
    const { exitCode } = await runPeer('dcmsend', ['+sd', ...toNode(node.port), join(folder, 'in')]);
    expect(exitCode).toBe(0);
    expect(digests(storedDatasets())).toEqual(digests(files.map((file) => file.dataset)));
  });

  it.each([
    ['disk-full', 'A700', 'The disk has too little free space to receive images'],
    ['keychain-unavailable', 'A700', 'The keychain of this PC cannot be used'],
    ['dicom-mismatch', 'A900', 'The image is not the one that was announced'],
    ['dicom-unreadable', 'C000', 'The DICOM data cannot be read far enough'],
    ['internal', '0110', 'Something unexpected went wrong inside Edge Sync'],
  ] as const)('answers %s with status %s and says why', async (code, status, comment) => {
    await writeFiles('in', 1);
    node.intake.outcome = () => ({ tag: 'refused', error: new EdgeSyncError(code, 'a detail') });
    const { output } = await runPeer('storescu', ['-d', ...toNode(node.port), join(folder, 'in', '0.dcm')]);
    expect(output).toContain(`0x${status.toLowerCase()}`);
    expect(output).toContain(comment);
    expect(output).not.toContain('a detail');
    expect(node.incidents.map((incident) => incident.code)).toEqual([code]);
  });

  it('reads an image it cannot take to its end, begins nothing, and answers A700', async () => {
    await writeFiles('in', 1, 2_000_000);
    node.intake.unavailable = new EdgeSyncError('disk-full');
    const { output } = await runPeer('storescu', ['-v', ...toNode(node.port), join(folder, 'in', '0.dcm')]);
    expect(output).toContain('Refused: OutOfResources');
    expect(node.intake.begun).toBe(0);
  });

  it('answers a duplicate with Success', async () => {
    await writeFiles('in', 1);
    node.intake.outcome = () => ({ tag: 'duplicate', objectName: '' });
    const { exitCode } = await runPeer('storescu', [...toNode(node.port), join(folder, 'in', '0.dcm')]);
    expect(exitCode).toBe(0);
  });

  it('rejects another called AE title and tells staff', async () => {
    const { exitCode, output } = await runPeer('echoscu', toNode(node.port, 'SOMEONE'));
    expect(exitCode).not.toBe(0);
    expect(output).toContain('Called AE Title Not Recognized');
    expect(node.incidents).toMatchObject([{ code: 'association-refused', subject: 'MODALITY@127.0.0.1' }]);
  });

  it('tells staff which class a device could not send, by class and by transfer syntax', async () => {
    const privateClass = '1.3.46.670589.5.0.1';
    const unknownSyntax = '1.2.3.4.5';
    const config = join(folder, 'storescu.cfg');
    await writeFile(
      config,
      `[[TransferSyntaxes]]
[Usual]
TransferSyntax1 = 1.2.840.10008.1.2.1
[Odd]
TransferSyntax1 = ${unknownSyntax}
[[PresentationContexts]]
[Mixed]
PresentationContext1 = ${ctImage}\\Odd
PresentationContext2 = ${privateClass}\\Usual
PresentationContext3 = 1.2.840.10008.1.1\\Odd
[[Profiles]]
[Mixed]
PresentationContexts = Mixed
`,
    );
    await writeFiles('in', 1);
    const { exitCode } = await runPeer('storescu', [
      ...['-xf', config, 'Mixed', ...toNode(node.port)],
      join(folder, 'in', '0.dcm'),
    ]);
    expect(exitCode).not.toBe(0);
    expect(node.incidents).toEqual([
      {
        code: 'dicom-syntax-refused',
        subject: `MODALITY@127.0.0.1 ${ctImage}`,
        detail: 'CTImageStorage',
      },
      { code: 'dicom-class-unknown', subject: `MODALITY@127.0.0.1 ${privateClass}`, detail: privateClass },
    ]);
  });

  it('asks whoever authorises, with the title and address of the caller', async () => {
    const asked: string[] = [];
    const strict = await startNode({
      authorize: ({ callingAeTitle, remoteAddress }) => {
        asked.push(`${callingAeTitle} ${remoteAddress}`);
        return callingAeTitle === 'KNOWN'
          ? { tag: 'accept', deviceId: 'known', allowsClass: () => true }
          : { tag: 'reject', reason: 'unknown-title' };
      },
    });
    try {
      const known = await runPeer('echoscu', toNode(strict.port, 'EDGESYNC', 'KNOWN'));
      const unknown = await runPeer('echoscu', toNode(strict.port, 'EDGESYNC', 'STRANGER'));
      expect(known.exitCode).toBe(0);
      expect(unknown.output).toContain('Calling AE Title Not Recognized');
      expect(asked).toEqual(['KNOWN 127.0.0.1', 'STRANGER 127.0.0.1']);
      expect(strict.incidents).toHaveLength(1);
    } finally {
      await strict.scp.stop();
    }
  });

  it('acknowledges nothing and throws the image away when storescu is killed in the middle', async () => {
    // More than the kernel's buffers on both sides take.
    await writeFiles('in', 1, 60_000_000);
    const gate = Promise.withResolvers<undefined>();
    node.intake.beforeWrite = () => (node.intake.sizeBytes > 1_000_000 ? gate.promise : undefined);
    const run = runPeer('storescu', [...toNode(node.port), join(folder, 'in', '0.dcm')], {
      timeoutMs: 1_500,
    });
    await until(() => node.intake.sizeBytes > 1_000_000, 'half the image');
    await run;
    gate.resolve(undefined);
    await until(() => node.intake.aborted === 1, 'the stream aborted');
    expect(node.intake.stored).toEqual([]);
    expect(node.incidents).toMatchObject([{ code: 'association-aborted' }]);
  });

  it('lets a store under way finish and be acknowledged when it is stopped, and takes no new ones', async () => {
    await writeFiles('in', 5);
    let stopped: Promise<void> | undefined;
    node.intake.beforeFinish = async () => {
      stopped ??= node.scp.stop();
      await new Promise((resolve) => setTimeout(resolve, 100));
    };
    const { exitCode, output } = await runPeer('storescu', [
      '-v',
      '+sd',
      ...toNode(node.port),
      join(folder, 'in'),
    ]);
    await stopped;
    expect(output.match(/Received Store Response \(Success\)/g)).toHaveLength(1);
    expect(exitCode).not.toBe(0);
    expect(node.intake.stored).toHaveLength(1);
    expect(node.intake.open).toBe(0);
    expect(node.scp.activeAssociations).toBe(0);
  });
});

it('stores what dcmjs-dimse sends and answers its echo', async () => {
  const [file] = await writeFiles('in', 1);
  const { Client, requests, constants, log } = dcmjsDimse;
  log.disableAll();
  const client = new Client();
  const statuses: number[] = [];
  for (const request of [
    new requests.CEchoRequest(),
    new requests.CStoreRequest(join(folder, 'in', '0.dcm')),
  ]) {
    request.on('response', (response: { getStatus(): number }) => statuses.push(response.getStatus()));
    client.addRequest(request);
  }
  const closed = new Promise((resolve) => client.on('closed', resolve));
  client.send('127.0.0.1', node.port, 'DCMJS', 'EDGESYNC');
  await closed;
  expect(statuses).toEqual([constants.Status.Success, constants.Status.Success]);
  expect(node.intake.stored[0]?.announcement.sopInstanceUid).toBe(file?.sopInstanceUid);
});

it('says when its port is taken', async () => {
  await expect(startNodeOn('127.0.0.1', node.port)).rejects.toMatchObject({ code: 'port-taken' });
});

async function startNodeOn(host: string, port: number): Promise<void> {
  const other = await startNode({ host, port });
  await other.scp.stop();
}
