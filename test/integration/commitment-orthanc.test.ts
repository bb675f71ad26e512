/** Storage commitment asked for by Orthanc, which takes the result on an association of ours. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CommitmentRig, named } from '../support/commitment-rig.ts';
import { endChild, freePort } from '../support/dicom-peers.ts';
import { needs, programPath } from '../support/tools.ts';

interface OrthancReport {
  readonly Status: 'Pending' | 'Success' | 'Failure';
  readonly Success?: readonly { readonly SOPInstanceUID: string }[];
  readonly Failures?: readonly {
    readonly SOPInstanceUID: string;
    readonly FailureReason: number;
  }[];
}

/** Orthanc with one modality, ours; no image of its own. */
class Orthanc {
  readonly #child: ChildProcess;
  readonly #http: string;

  private constructor(child: ChildProcess, http: string) {
    this.#child = child;
    this.#http = http;
  }

  static async start(folder: string, dicomPort: number, ourPort: number): Promise<Orthanc> {
    const httpPort = await freePort();
    const config = {
      Name: 'test',
      StorageDirectory: folder,
      IndexDirectory: folder,
      Plugins: [],
      HttpPort: httpPort,
      RemoteAccessAllowed: false,
      AuthenticationEnabled: false,
      DicomAet: 'ORTHANC',
      DicomPort: dicomPort,
      DicomCheckCalledAet: true,
      DicomModalities: {
        edge: { AET: 'EDGESYNC', Host: '127.0.0.1', Port: ourPort, AllowStorageCommitment: true },
      },
    };
    const file = join(folder, 'orthanc.json');
    await writeFile(file, JSON.stringify(config));
    const child = spawn(programPath('Orthanc'), [file], { stdio: 'ignore' });
    const orthanc = new Orthanc(child, `http://127.0.0.1:${httpPort}`);
    for (let attempt = 0; ; attempt += 1) {
      if (await orthanc.#answers()) return orthanc;
      if (attempt === 200 || child.exitCode !== null) throw new Error('Orthanc did not start');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  stop(): Promise<void> {
    return endChild(this.#child);
  }

  /** Sends the N-ACTION; resolves with the path of its report once that is answered with success. */
  async ask(references: ReturnType<typeof named>): Promise<string> {
    const answer = await fetch(`${this.#http}/modalities/edge/storage-commitment`, {
      method: 'POST',
      body: JSON.stringify({
        DicomInstances: references.map(({ sopClassUid, sopInstanceUid }) => ({
          SOPClassUID: sopClassUid,
          SOPInstanceUID: sopInstanceUid,
        })),
        Timeout: 30,
      }),
    });
    if (!answer.ok) throw new Error(`Orthanc: ${answer.status} ${await answer.text()}`);
    return ((await answer.json()) as { readonly Path: string }).Path;
  }

  async report(path: string): Promise<OrthancReport> {
    return (await (await fetch(`${this.#http}${path}`)).json()) as OrthancReport;
  }

  async #answers(): Promise<boolean> {
    try {
      return (await fetch(`${this.#http}/system`)).ok;
    } catch {
      return false;
    }
  }
}

needs('orthanc')('storage commitment asked for by Orthanc', () => {
  let folder: string;
  let rig: CommitmentRig;
  let orthanc: Orthanc;
  let dicomPort: number;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'edge-sync-orthanc-'));
    rig = await CommitmentRig.start();
    dicomPort = await freePort();
    rig.endpoint = { host: '127.0.0.1', port: dicomPort, channel: 'plain' };
    orthanc = await Orthanc.start(folder, dicomPort, rig.port);
  });

  afterEach(async () => {
    await orthanc.stop();
    await rig.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  it('is answered with success on a new association once the images are verified', async () => {
    // Paired: of a title that is not and has sent nothing, no counts are kept.
    rig.deviceId = 'c'.repeat(32);
    await rig.receive('1', '2');
    const path = await orthanc.ask(named('1', '2'));
    await rig.until(() => rig.service.openCount === 1, 'the request is recorded');
    expect(await orthanc.report(path)).toMatchObject({ Status: 'Pending' });
    await rig.kit.verifyAll();
    await rig.until(() => rig.service.openCount === 0, 'the answer is delivered');
    const report = await orthanc.report(path);
    expect(report.Status).toBe('Success');
    expect(report.Success?.map((one) => one.SOPInstanceUID).sort()).toEqual(['1.2.3.1', '1.2.3.2']);
    expect(rig.connections).toBe(1);
    expect(rig.queue.commitments.days('2026-01-01')).toMatchObject([
      { callingAeTitle: 'ORTHANC', named: 2, committed: 2 },
    ]);
  });

  it('is told per instance why not', async () => {
    await rig.receive('1', '2');
    await rig.kit.verifyAll();
    const path = await orthanc.ask([
      ...named('1', 'unknown'),
      { sopClassUid: '1.2.840.10008.5.1.4.1.1.6.1', sopInstanceUid: '1.2.3.2' },
    ]);
    await rig.until(
      () => rig.incidents.length > 0 && rig.service.openCount === 0,
      'the answer is delivered',
      1_000,
    );
    const report = await orthanc.report(path);
    expect(report.Status).toBe('Failure');
    expect(report.Success?.map((one) => one.SOPInstanceUID)).toEqual(['1.2.3.1']);
    expect(report.Failures?.map((one) => [one.SOPInstanceUID, one.FailureReason]).sort()).toEqual([
      ['1.2.3.2', 0x0119],
      ['1.2.3.unknown', 0x0112],
    ]);
  });

  it('is answered after a restart of ours', async () => {
    await rig.receive('1');
    const path = await orthanc.ask(named('1'));
    await rig.until(() => rig.service.openCount === 1, 'the request is recorded');
    await rig.restart();
    await rig.kit.verifyAll();
    await rig.until(() => rig.service.openCount === 0, 'the answer is delivered');
    expect(await orthanc.report(path)).toMatchObject({ Status: 'Success' });
  });

  it('is tried until somebody is there: the device was away at first', async () => {
    await rig.receive('1');
    await rig.kit.verifyAll();
    // Nobody listens there yet.
    const awayPort = await freePort();
    rig.endpoint = { host: '127.0.0.1', port: awayPort, channel: 'plain' };
    const path = await orthanc.ask(named('1'));
    await rig.until(() => rig.connections === 3, 'three attempts', 5_000);
    expect(await orthanc.report(path)).toMatchObject({ Status: 'Pending' });
    rig.endpoint = { host: '127.0.0.1', port: dicomPort, channel: 'plain' };
    await rig.until(() => rig.service.openCount === 0, 'the answer is delivered', 5_000);
    expect(await orthanc.report(path)).toMatchObject({ Status: 'Success' });
  });
});
