/** Every valid public test file beside the checkout: what we take from storescu is what storescp +B takes from it. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { readPart10Head } from '../../src/main/engine/dicom/part10.ts';
import { sendFiles } from '../../src/main/engine/send/send-files.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { runPeer, startNode, startStorescp, syntaxProposals, toNode } from '../support/dicom-peers.ts';
import { needs } from '../support/tools.ts';

const shared = resolve(import.meta.dirname, '../../../shared/data/dicom');

interface Dataset {
  readonly transferSyntaxUid: string;
  readonly bytes: Buffer;
}

async function datasetOf(path: string): Promise<Dataset | undefined> {
  const bytes = await readFile(path);
  const head = await readPart10Head(bytes, 'whole-file');
  return head.tag === 'dataset'
    ? { transferSyntaxUid: head.transferSyntaxUid, bytes: bytes.subarray(head.datasetOffset) }
    : undefined;
}

needs('dcmtk', 'shared-dicom')('public test files', () => {
  it('arrive from storescu as they arrive at storescp +B', async () => {
    const out = await mkdtemp(join(tmpdir(), 'edge-sync-shared-'));
    const storescp = await startStorescp(out, ['+B', '+xa']);
    const node = await startNode();
    const compared = new Map<string, number>();
    try {
      const entries = await readdir(shared, { recursive: true, withFileTypes: true });
      for (const entry of entries.filter((one) => one.isFile())) {
        const path = join(entry.parentPath, entry.name);
        const proposal = syntaxProposals[(await datasetOf(path))?.transferSyntaxUid ?? ''];
        const options = ['-R', ...(proposal === undefined ? [] : [proposal])];
        const theirs = await runPeer('storescu', [...options, '127.0.0.1', String(storescp.port), path]);
        const written = await readdir(out);
        const ours = await runPeer('storescu', [...options, ...toNode(node.port), path]);
        const [kept] = node.intake.stored.splice(0);
        // Not valid enough for storescu to send: then neither got anything.
        expect(kept === undefined, entry.name).toBe(written.length === 0);
        expect(ours.exitCode, entry.name).toBe(theirs.exitCode);
        if (written[0] === undefined || kept === undefined) continue;
        const expected = await datasetOf(join(out, written[0]));
        expect(kept.announcement.transferSyntaxUid, entry.name).toBe(expected?.transferSyntaxUid);
        expect(kept.dataset.equals(expected?.bytes ?? Buffer.alloc(0)), entry.name).toBe(true);
        const syntax = kept.announcement.transferSyntaxUid;
        compared.set(syntax, (compared.get(syntax) ?? 0) + 1);
        await rm(join(out, written[0]));
      }
    } finally {
      await storescp.stop();
      await node.scp.stop();
      await rm(out, { recursive: true, force: true });
    }
    console.log(`compared by syntax: ${JSON.stringify(Object.fromEntries(compared))}`);
    expect([...compared.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThan(100);
    expect(compared.size).toBeGreaterThan(7);
  });

  it('go out and come in bit for bit between our own sender and receiver, in every syntax', async () => {
    const node = await startNode();
    try {
      const peer = { host: '127.0.0.1', port: node.port, callingAe: 'SENDER', calledAe: 'EDGESYNC' };
      const report = await sendFiles({ paths: [shared], peer, clock: new SystemClock() });
      const sent = report.results.filter((result) => result.tag === 'sent');
      expect(sent.length).toBe(node.intake.stored.length);
      expect(sent.length).toBeGreaterThan(100);
      const expected = await Promise.all(
        sent.map(async ({ path }) => ({ path, dataset: await datasetOf(path) })),
      );
      const kept = [...node.intake.stored];
      for (const { path, dataset } of expected) {
        const at = kept.findIndex(
          (one) =>
            one.announcement.transferSyntaxUid === dataset?.transferSyntaxUid &&
            one.dataset.equals(dataset.bytes),
        );
        expect(at, basename(path)).toBeGreaterThanOrEqual(0);
        kept.splice(at, 1);
      }
    } finally {
      await node.scp.stop();
    }
  });
});
