import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { InstanceDetails } from '../model.ts';
import type { UploadedInstance } from '../queue/queue-types.ts';
import { decodeManifest, encodeManifest, manifestEntries } from './manifest.ts';

const mac = (bytes: Uint8Array): Buffer => createHmac('sha256', 'manifest key').update(bytes).digest();
const header = {
  installationId: '0123456789abcdef'.repeat(2),
  archiveId: 'fedcba9876543210'.repeat(2),
  sequence: 7,
  previousSha256: 'ab'.repeat(32),
  createdAt: '2026-01-05T09:00:00.000Z',
};

function instance(id: number, details: Partial<InstanceDetails> = {}): UploadedInstance {
  return {
    instanceId: id,
    objectName: id.toString(16).padStart(64, '0'),
    proof: { etag: 'e', objectSha256: 'cd'.repeat(32), sizeBytes: 1000 + id },
    details: {
      sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
      sopInstanceUid: `1.2.3.${id}`,
      transferSyntaxUid: '1.2.840.10008.1.2.1',
      studyInstanceUid: '1.2.9.1',
      seriesInstanceUid: '1.2.8.1',
      patientName: 'Müller^Jörg=山田',
      datasetSha256: 'ef'.repeat(32),
      ...details,
    },
  };
}

describe('a manifest', () => {
  it('gives back every instance with all that was known of it', () => {
    const instances = [
      instance(1, { instanceNumber: '1', studyDate: '20260105' }),
      instance(2, { instanceNumber: '2', studyDate: '20260105' }),
      instance(3, { seriesInstanceUid: '1.2.8.2', seriesDescription: 'late "phase"\n' }),
      instance(4, { studyInstanceUid: '1.2.9.2' }),
      instance(5, { patientName: 'Mueller^Joerg' }),
    ];
    const entries = [...manifestEntries(decodeManifest(encodeManifest(header, instances, mac), mac))];
    expect(entries.sort((a, b) => a.objectName.localeCompare(b.objectName))).toEqual(
      instances.map(({ objectName, proof, details }) => ({
        objectName,
        sizeBytes: proof.sizeBytes,
        objectSha256: proof.objectSha256,
        details,
      })),
    );
  });

  it('says study and series attributes once for all instances that share them', () => {
    const instances = Array.from({ length: 500 }, (_, index) => instance(index));
    const manifest = decodeManifest(encodeManifest(header, instances, mac), mac);
    expect(manifest.studies).toHaveLength(1);
    expect(manifest.studies[0]?.series).toHaveLength(1);
    expect(manifest).toMatchObject(header);
  });

  it('can be empty', () => {
    expect([...manifestEntries(decodeManifest(encodeManifest(header, [], mac), mac))]).toEqual([]);
  });

  it('is refused when any one bit of it is changed', () => {
    const bytes = encodeManifest(header, [instance(1)], mac);
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => decodeManifest(changed, mac)).toThrow(EdgeSyncError);
    }
  });

  it.each([
    ['cut short', (bytes: Buffer) => bytes.subarray(0, -1)],
    ['without its proof', (bytes: Buffer) => bytes.subarray(0, bytes.indexOf(0x0a) + 1)],
    ['longer', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('\n')])],
    ['empty', () => Buffer.alloc(0)],
  ])('is refused when it is %s', (_name, change) => {
    const bytes = change(encodeManifest(header, [instance(1)], mac));
    expect(() => decodeManifest(bytes, mac)).toThrow(expect.objectContaining({ code: 'manifest-broken' }));
  });

  it.each(['{}', 'null', '{"format":"edge-sync-manifest","version":2}', '[', '"x"'])(
    'is refused with a right proof over %s',
    (line) => {
      const bytes = Buffer.from(`${line}\n${mac(Buffer.from(line)).toString('hex')}\n`);
      expect(() => decodeManifest(bytes, mac)).toThrow(expect.objectContaining({ code: 'manifest-broken' }));
    },
  );

  it('cuts a value that no reader would take, so that one odd image cannot break the list', () => {
    const bytes = encodeManifest(header, [instance(1, { patientName: 'x'.repeat(100_000) })], mac);
    expect([...manifestEntries(decodeManifest(bytes, mac))][0]?.details.patientName).toHaveLength(1024);
  });
});
