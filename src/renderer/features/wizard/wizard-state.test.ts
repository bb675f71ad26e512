import { describe, expect, it } from 'vitest';
import { reportFor } from '../../../shared/errors.ts';
import type { DestinationStatus } from '../../../shared/status.ts';
import { isFresh, isStepDone, isUnfinished, nextPage, pageAfter, pageBefore } from './wizard-state.ts';
import type { SetupStatus } from './wizard-state.ts';

const cloud: DestinationStatus = {
  name: 'cloud',
  kind: 'azure',
  required: true,
  state: 'ok',
  pending: 0,
  verified: 0,
  lastVerifiedAt: null,
  error: null,
};
const modality = { aeTitle: 'SONO', received: 1, verified: 0, committed: 0, lastReceivedAt: null };

function status(change: Partial<SetupStatus> = {}): SetupStatus {
  return {
    recovery: 'none',
    destinations: [],
    modalities: [],
    counts: { received: 0, pending: 0, verified: 0, failed: 0, parked: 0 },
    listener: { up: true, host: '127.0.0.1', port: 11112, aeTitle: 'EDGESYNC' },
    ...change,
  };
}

describe('set-up', () => {
  it('begins by itself where nothing was done', () => {
    expect(isFresh(status())).toBe(true);
    expect(isFresh(status({ recovery: 'created' }))).toBe(false);
    expect(isFresh(status({ destinations: [cloud] }))).toBe(false);
    expect(isFresh(status({ counts: { received: 1, pending: 1, verified: 0, failed: 0, parked: 0 } }))).toBe(
      false,
    );
  });

  it('goes on at the first thing that is not done', () => {
    expect(nextPage(status())).toBe('recovery');
    expect(nextPage(status({ recovery: 'created', destinations: [cloud] }))).toBe('recovery');
    expect(nextPage(status({ recovery: 'proven' }))).toBe('cloud');
    expect(nextPage(status({ recovery: 'proven', destinations: [cloud] }))).toBe('modality');
    expect(nextPage(status({ recovery: 'proven', destinations: [cloud], modalities: [modality] }))).toBe(
      'done',
    );
  });

  it('has its cloud step open again when a required destination waits for a person', () => {
    const refused = { ...cloud, state: 'paused', error: reportFor('cloud-auth') } as const;
    expect(isStepDone('cloud', status({ destinations: [refused] }))).toBe(false);
    expect(isStepDone('cloud', status({ destinations: [cloud, { ...refused, required: false }] }))).toBe(
      true,
    );
    expect(isStepDone('cloud', status({ destinations: [{ ...cloud, required: false }] }))).toBe(false);
  });

  it('does not take waiting for the drill or for a pause as a broken destination', () => {
    for (const code of ['recovery-not-proven', 'uploads-paused'] as const) {
      const waiting = { ...cloud, state: 'paused', error: reportFor(code) } as const;
      expect(isStepDone('cloud', status({ destinations: [waiting] }))).toBe(true);
    }
  });

  it('knows nothing before the engine has answered', () => {
    const listener = { up: false, host: '', port: 0, aeTitle: '' };
    expect(isFresh(status({ listener }))).toBe(false);
    expect(isUnfinished(status({ listener }))).toBe(false);
  });

  it('is unfinished as long as no image can become safe', () => {
    expect(isUnfinished(status({ recovery: 'proven' }))).toBe(true);
    expect(isUnfinished(status({ recovery: 'created', destinations: [cloud] }))).toBe(true);
    expect(isUnfinished(status({ recovery: 'proven', destinations: [cloud] }))).toBe(false);
  });

  it('leads from the first page to the last and back', () => {
    expect(['recovery', 'cloud', 'modality'].map((page) => pageAfter(page as 'cloud'))).toEqual([
      'cloud',
      'modality',
      'done',
    ]);
    expect(pageBefore('recovery')).toBeUndefined();
    expect(pageBefore('done')).toBe('modality');
  });
});
