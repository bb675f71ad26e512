/** A cloud that says an object is there already, and never ends sending it. */
import { expect, it } from 'vitest';
import { createDatasetDigest } from '../../src/main/engine/dicom/dataset-digest.ts';
import { deliver } from '../../src/main/engine/upload/deliver.ts';
import { MemoryStore } from '../fakes/memory-store.ts';
import { testImage, UploadRig } from '../support/upload-rig.ts';

/** End of the content, tag, ends of the envelope. */
const tailBytes = 28;
const giveUpBytes = 40 * 1024 * 1024;

it('an answer that does not end is left soon, and the object counts as another one', async () => {
  const rig = await UploadRig.open();
  try {
    await rig.receive(testImage('1'));
    const [job] = rig.queue.claim('cloud', 1, Number.MAX_SAFE_INTEGER);
    const chunks: Buffer[] = [];
    for await (const chunk of rig.spool.read(job!.spoolId)) chunks.push(Buffer.from(chunk));
    const start = Buffer.concat(chunks).subarray(0, -tailBytes);
    const segment = Buffer.concat([Buffer.from('04830186a0', 'hex'), Buffer.alloc(100_000)]);
    let given = 0;
    const store = new MemoryStore();
    store.putIfAbsent = () => Promise.resolve({ tag: 'exists' });
    store.stat = (name: string) => Promise.resolve({ name, sizeBytes: job!.sizeBytes, etag: '"1"' });
    store.read = async function* () {
      await Promise.resolve();
      yield Buffer.from(start);
      for (given = 0; given < giveUpBytes; given += segment.length) yield Buffer.from(segment);
    };
    const outcome = await deliver(
      job!,
      store,
      { spool: rig.spool, openers: rig.restoreKeys.openers, newDatasetDigest: createDatasetDigest },
      { signal: new AbortController().signal, onProgress: () => undefined },
    );
    expect(outcome).toMatchObject({ tag: 'conflict', error: { code: 'cloud-conflict' } });
    expect(given).toBeLessThan(2 * 1024 * 1024);
  } finally {
    await rig.dispose();
  }
});
