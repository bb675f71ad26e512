import { describe, expect, it } from 'vitest';
import type { RestoreSelection } from '../../../shared/contract-restore.ts';
import { isSelected, studyHint } from './selection.ts';

const details = {
  sopClassUid: '1',
  sopInstanceUid: '1.1',
  transferSyntaxUid: '1.2',
  studyInstanceUid: '1.2.3',
  seriesInstanceUid: '1.2.3.4',
  datasetSha256: 'ab',
  patientId: 'P-17 ',
  patientName: 'Doe^Jane^^=ド^ジ',
  studyDate: '20240229',
  modality: 'US',
};

function fits(wanted: Omit<Extract<RestoreSelection, { tag: 'matching' }>, 'tag'>): boolean {
  return isSelected({ tag: 'matching', ...wanted }, details);
}

describe('an image is selected', () => {
  it('when everything asked for fits', () => {
    expect(fits({ patientId: 'p-17' })).toBe(true);
    expect(fits({ patientId: 'P-1' })).toBe(false);
    expect(fits({ patientId: 'P-17', patientName: 'doe^jane=ド^ジ' })).toBe(true);
    expect(fits({ patientId: 'P-17', patientName: 'Doe^John' })).toBe(false);
    expect(fits({ patientId: 'P-17', studyInstanceUid: '1.2.4' })).toBe(false);
  });

  it('by its study date, both ends included; one without a date never is', () => {
    expect(fits({ studyDateFrom: '20240229', studyDateTo: '20240229' })).toBe(true);
    expect(fits({ studyDateFrom: '20240301' })).toBe(false);
    expect(fits({ studyDateTo: '20240228' })).toBe(false);
    const old = { ...details, studyDate: '2024.02.29' };
    expect(isSelected({ tag: 'matching', studyDateFrom: '20240229' }, old)).toBe(true);
    const { studyDate: _, ...undated } = details;
    expect(isSelected({ tag: 'matching', studyDateTo: '20991231' }, undated)).toBe(false);
  });
});

describe('the hint at a study', () => {
  it('has initials and neither name nor id', () => {
    const hint = studyHint(details);
    expect(hint).toEqual({
      studyInstanceUid: '1.2.3',
      studyDate: '20240229',
      modality: 'US',
      initials: 'DJ',
    });
  });
});
