import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { device, plainPairing } from '../../../../test/support/devices.ts';
import { newInstance, QueueKit } from '../../../../test/support/queue-kit.ts';

let kit: QueueKit;

beforeEach(() => {
  kit = new QueueKit();
  kit.queue.setDestinations([{ name: 'cloud', required: true }]);
});

afterEach(() => kit.dispose());

const canaries = {
  name: 'Canary-Yellowbird^Tweety',
  nameGreek: 'Κανάρι^Πουλί',
  patientId: 'PIDCANARY4711',
  accession: 'ACCCANARY0815',
  description: 'Canary thorax description',
  birthDate: '19011231',
  studyUid: '1.2.826.0.1.3680043.9.9999.77001',
  seriesUid: '1.2.826.0.1.3680043.9.9999.77002',
  sopUid: '1.2.826.0.1.3680043.9.9999.77003',
  file: '/scans/Canary Yellowbird 1901.dcm',
  callingTitle: 'CANARY^TITLE',
  deviceName: 'Canary room of Dr. Yellowbird',
  incident: 'canary-subject 10.99.88.77',
};

/** How a text could lie in a file. */
function spellings(text: string): Buffer[] {
  const utf8 = Buffer.from(text, 'utf8');
  return [
    utf8,
    Buffer.from(text, 'utf16le'),
    Buffer.from(utf8.toString('hex'), 'latin1'),
    Buffer.from(utf8.toString('base64').slice(0, -4), 'latin1'),
  ];
}

function found(): string[] {
  const files = fs
    .readdirSync(kit.dir)
    .map((name) => [name, fs.readFileSync(path.join(kit.dir, name))] as const);
  const log = ['log', Buffer.from(JSON.stringify(kit.logger.lines), 'utf8')] as const;
  return [...files, log].flatMap(([where, bytes]) =>
    Object.entries(canaries)
      .filter(([, text]) => spellings(text).some((spelling) => bytes.includes(spelling)))
      .map(([canary]) => `${canary} in ${where}`),
  );
}

describe('what a patient is called and has', () => {
  it('is nowhere in the database, its log or the program log, at any point of an image’s way', async () => {
    for (const name of ['a', 'b', 'c']) {
      await kit.queue.recordReceived(
        newInstance(name, 'one', {
          deleteAfterVerify: canaries.file,
          details: {
            sopInstanceUid: `${canaries.sopUid}.${name}`,
            studyInstanceUid: canaries.studyUid,
            seriesInstanceUid: canaries.seriesUid,
            patientName: `${canaries.name}=${canaries.nameGreek}`,
            patientId: canaries.patientId,
            patientBirthDate: canaries.birthDate,
            accessionNumber: canaries.accession,
            studyDescription: canaries.description,
          },
        }),
      );
    }
    await kit.queue.reportIncident({ code: 'association-refused', subject: canaries.incident });
    // A patient's name may stand where a device's title belongs.
    const at = { count: 1, firstAtMs: 0, lastAtMs: 0 };
    const facts = JSON.stringify({ title: canaries.callingTitle });
    await kit.queue.devices.write({
      callers: [{ id: 'caller', facts, ...at, dismissedAtMs: null }],
      observed: [{ id: 'class', facts, state: 'seen', ...at }],
    });
    await kit.queue.devices.save(device('d', plainPairing({ name: canaries.deviceName })));
    expect(fs.statSync(path.join(kit.dir, 'queue.db-wal')).size).toBeGreaterThan(0);
    expect(found()).toEqual([]);
    const [job] = kit.claimAll();
    await kit.queue.markFailed(job!.instanceId, 'cloud', 'cloud-unreachable', undefined, 0);
    await kit.verifyAll();
    expect(found()).toEqual([]);
    kit.reopen();
    expect(kit.queue.studies(1)[0]?.details.patientName).toContain(canaries.name);
    kit.queue.close();
    expect(found()).toEqual([]);
  });

  it('would be found if it were there', () => {
    fs.writeFileSync(path.join(kit.dir, 'leak'), Buffer.from(`xx${canaries.name}xx`, 'utf16le'));
    expect(found()).toEqual(['name in leak']);
  });
});
