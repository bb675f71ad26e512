import { describe, expect, it } from 'vitest';
import { restoreWanted, selectionOf } from './restore-options.ts';

describe('what to restore', () => {
  it('is everything, one study, or all that fits every condition', () => {
    expect(selectionOf({ all: true })).toEqual({ tag: 'all' });
    expect(selectionOf({ study: '1.2' })).toEqual({ tag: 'study', studyInstanceUid: '1.2' });
    expect(selectionOf({ study: '1.2', patient: 'P 1', since: '2024-02-29', until: '20240301' })).toEqual({
      tag: 'matching',
      studyInstanceUid: '1.2',
      patientId: 'P 1',
      studyDateFrom: '20240229',
      studyDateTo: '20240301',
    });
  });

  it.each([
    [{}, 'choose --all or --study UID'],
    [{ all: true, since: '2024-01-01' }, 'not both'],
    [{ study: '1.2/../3' }, '--study takes'],
    [{ since: '2024-02-30' }, '--since takes a date'],
    [{ until: 'yesterday' }, '--until takes a date'],
    [{ since: '2024-02-02', until: '2024-02-01' }, '--since is later'],
    [{ patient: ' ' }, 'a Patient ID has'],
  ])('is refused as %j', (options, problem) => {
    expect(() => selectionOf(options)).toThrow(expect.objectContaining({ code: 'usage' }));
    expect(() => selectionOf(options)).toThrow(problem);
  });

  it.each([
    [{}, '--to DIR or --send'],
    [{ to: 'x', send: 'A@h:1' }, '--to DIR or --send'],
    [{ send: 'nowhere' }, '--send takes AET@HOST:PORT'],
    [{ send: 'A@h:1', dicomdir: true }, '--dicomdir goes with --to'],
    [{ to: 'x', concurrency: '0' }, '--concurrency takes'],
    [{ to: 'x', concurrency: '1e9' }, '--concurrency takes'],
    [{ to: 'x', ca: 'ca.pem' }, 'go with --tls'],
  ])('has to go somewhere: %j is refused', async (options, problem) => {
    await expect(restoreWanted({ all: true, calling: 'EDGESYNC', ...options })).rejects.toThrow(problem);
  });
});
