import { describe, expect, it } from 'vitest';
import { reportFor } from '../../shared/errors.ts';
import { RestoreReport } from './restore-report.ts';

const study = { studyInstanceUid: '1.2.3', studyDate: '20260301', modality: 'US', initials: 'JD' };

describe('the report of a restore', () => {
  it('counts what is wrong study by study, in plain words', () => {
    const report = new RestoreReport();
    report.add({ ...reportFor('object-missing'), object: 'a', study });
    report.add({ ...reportFor('object-missing'), object: 'b', study });
    report.add({ ...reportFor('object-tampered'), object: 'c', study });
    report.add({ ...reportFor('manifest-broken', 'number 2 is missing'), object: 'manifests/x' });
    const [first, second] = report.lines();
    expect(first).toBe(
      'study of 2026-03-01, US, JD (1.2.3): 2 images missing, 1 image damaged [object-missing, object-tampered]',
    );
    expect(second).toContain('manifests/x');
    expect(report.problems).toBe(4);
  });

  it('shows a bounded list and has all in the file', () => {
    const report = new RestoreReport();
    for (let index = 0; index < 100; index += 1)
      report.add({ ...reportFor('object-missing'), object: 'a', study: { studyInstanceUid: `1.${index}` } });
    expect(report.lines()).toHaveLength(21);
    expect(report.lines().at(-1)).toContain('and 80 more studies');
    const whole = JSON.parse(report.json(undefined, '2026-01-01T00:00:00Z')) as { studies: unknown[] };
    expect(whole.studies).toHaveLength(100);
  });

  it('lets no value from an image steer the terminal', () => {
    const report = new RestoreReport();
    report.add({
      ...reportFor('object-missing'),
      object: 'a',
      study: { studyInstanceUid: '1\u001b[2J', modality: 'U\nS' },
    });
    expect(report.lines()[0]).toContain('U?S (1?[2J)');
  });
});
