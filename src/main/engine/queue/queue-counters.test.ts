import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hex, newInstance, proof, QueueKit } from '../../../../test/support/queue-kit.ts';

describe('counters', () => {
  it('agree with the rows after any order of events', async () => {
    const step = fc.oneof(
      fc.record({
        do: fc.constant('receive'),
        name: fc.integer({ min: 0, max: 12 }),
        study: fc.integer({ min: 0, max: 2 }),
      }),
      fc.record({
        do: fc.constantFrom('upload', 'fail', 'park', 'manifest', 'retry', 'evict', 'lose', 'release'),
        name: fc.nat(3),
        study: fc.constant(0),
      }),
      fc.record({
        do: fc.constant('destinations'),
        name: fc.integer({ min: 0, max: 7 }),
        study: fc.constant(0),
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
        const own = new QueueKit();
        try {
          own.queue.setDestinations([{ name: 'cloud', required: true }]);
          for (const [index, { do: what, name, study }] of steps.entries()) {
            const spoolId = hex(`spool ${index}`, 16);
            const destination = name % 2 === 0 ? 'cloud' : 'nas';
            const [job] = what === 'receive' ? [] : own.queue.claim(destination, 1, own.clock.nowMs());
            if (what === 'receive') {
              await own.queue.recordReceived(newInstance(`${name}`, `${study}`, { spoolId }));
            } else if (what === 'destinations') {
              own.queue.setDestinations([
                ...((name & 1) === 0 ? [{ name: 'cloud', required: true }] : []),
                ...((name & 2) === 0 ? [{ name: 'nas', required: (name & 4) === 0 }] : []),
              ]);
            } else if (what === 'manifest') {
              const batch = own.queue.takeManifestBatch(destination, 3);
              if (batch !== undefined) await own.queue.markVerified(batch, hex('m', 32));
            } else if (what === 'retry') await own.queue.retry({ tag: 'all' });
            else if (what === 'evict') {
              for (const one of own.queue.evictable(own.clock.nowMs() + 1, 1))
                await own.queue.markEvicted(one);
            } else if (what === 'lose') {
              for (const row of own.queue.spoolRows(undefined, 1))
                await own.queue.markLost(row, 'object-missing');
            } else if (job !== undefined) {
              if (what === 'upload') await own.queue.markUploaded(job.instanceId, destination, proof());
              else if (what === 'fail')
                await own.queue.markFailed(job.instanceId, destination, 'cloud-throttled', undefined, 0);
              else if (what === 'park')
                await own.queue.markParked(job.instanceId, destination, 'cloud-refused', undefined);
            }
            if (job !== undefined) own.queue.release(job.instanceId, destination);
            await own.clock.advance(1);
          }
          expect(own.queue.checkConsistency()).toEqual([]);
          const { received, pending, verified, failed, parked } = own.queue.status();
          expect(pending + verified + failed + parked).toBe(received);
        } finally {
          own.dispose();
        }
      }),
      { numRuns: 40 },
    );
  });
});
