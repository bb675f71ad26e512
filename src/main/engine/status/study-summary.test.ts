import { describe, expect, it } from 'vitest';
import { studySummarySchema } from '../../../shared/agent-state.ts';
import type { StudyRow } from '../queue/queue-types.ts';
import { initialsOf, summariseStudy } from './study-summary.ts';

const nowMs = Date.UTC(2026, 0, 5, 12, 0, 0);

const study: StudyRow = {
  id: 'opaque',
  details: {
    patientName: 'Canary^Bird^Yellow',
    patientId: 'PID-CANARY',
    studyDescription: 'Canary abdomen',
    studyDate: '20260105',
    modality: 'US',
  },
  source: 'US_1',
  firstReceivedAtMs: nowMs - 120_000,
  lastReceivedAtMs: nowMs - 60_000,
  instances: 4,
  verified: 1,
  failed: 0,
  parked: 0,
  sizeBytes: 4000,
  verifiedBytes: 1000,
  uploading: false,
};

describe('initials', () => {
  it.each([
    ['Doe^Jane', 'JD'],
    ['Doe^Jane^Mary', 'JMD'],
    ['Doe^Jane^Mary Ann^Dr^PhD', 'JMD'],
    ['Doe', 'D'],
    ['Jane Doe', 'JD'],
    ['Jane van der Doe', 'JD'],
    ['^Jane', 'J'],
    ['^^', '?'],
    ['', '?'],
    ['123^456', '?'],
    ["O'Neil^Máire", 'MO'],
    ['ßtraße^ål', 'ÅS'],
    ['Yamada^Tarou=山田^太郎=やまだ^たろう', 'TY'],
    ['=山田^太郎', '?'],
    ['𝒳yz^Abc', 'A𝒳'],
    ['Wang^XiaoDong=王^小東', 'XW'],
  ])('of %j are %j', (name, initials) => {
    expect(initialsOf(name)).toBe(initials);
  });

  it('are at most three letters for any name', () => {
    const long = 'Aa Bb Cc Dd^Ee Ff^Gg Hh^Ii^Jj';
    expect(initialsOf(long)).toBe('EGA');
  });
});

describe('the summary of a study', () => {
  it('shows progress and no name, id, date or description', () => {
    const summary = summariseStudy(study, nowMs);
    expect(studySummarySchema.parse(summary)).toEqual(summary);
    expect(summary).toMatchObject({ initials: 'BYC', modality: 'US', source: 'US_1', verifiedBytes: 1000 });
    expect(JSON.stringify(summary).toLowerCase()).not.toMatch(/canary|bird|yellow|20260105/);
  });

  it.each([
    ['attention', { parked: 1, uploading: true }],
    ['attention', { failed: 1, verified: 3 }],
    ['verified', { verified: 4, lastReceivedAtMs: nowMs }],
    ['receiving', { lastReceivedAtMs: nowMs - 9000, uploading: true }],
    ['uploading', { uploading: true }],
    ['waiting', {}],
  ] as const)('is %s when so', (state, changes) => {
    expect(summariseStudy({ ...study, ...changes }, nowMs).state).toBe(state);
  });

  it.each([
    ['ct', 'CT'],
    ['', 'OT'],
    ['Jane Doe', 'OT'],
    ['Doe^Jane', 'OT'],
    ['OPT', 'OPT'],
  ])('takes %j for the modality %s', (modality, shown) => {
    expect(summariseStudy({ ...study, details: { ...study.details, modality } }, nowMs).modality).toBe(shown);
  });
});
