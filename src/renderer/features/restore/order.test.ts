import { describe, expect, it } from 'vitest';
import { dateOf, emptyDraft, nodeOf, parseOrder } from './order.ts';

describe('a date', () => {
  it.each([
    ['2026-01-31', '20260131'],
    [' 20240229 ', '20240229'],
    ['', undefined],
    ['2026-02-29', 'bad'],
    ['31.01.2026', 'bad'],
    ['2026-13-01', 'bad'],
    ['yesterday', 'bad'],
  ])('%j is %j', (typed, read) => {
    expect(dateOf(typed)).toBe(read);
  });
});

describe('a device', () => {
  it('is AET@HOST:PORT, with an IPv6 address in brackets', () => {
    expect(nodeOf('PACS@192.168.1.9:104')).toEqual({ calledAe: 'PACS', host: '192.168.1.9', port: 104 });
    expect(nodeOf('MAIN PACS@pacs.local:11112')?.calledAe).toBe('MAIN PACS');
    expect(nodeOf('PACS@[fd00::7]:104')?.host).toBe('fd00::7');
  });

  it.each([
    'PACS',
    'PACS@host',
    '@host:104',
    'PACS@host:0',
    'PACS@host:70000',
    'A'.repeat(17) + '@h:1',
    'A\\B@h:1',
  ])('%s is none', (typed) => {
    expect(nodeOf(typed)).toBeUndefined();
  });
});

describe('an order', () => {
  const draft = { ...emptyDraft, folder: '/restored' };

  it('of part of it needs a patient or a date, and never means everything', () => {
    expect(parseOrder({ ...draft, what: 'some', patientId: ' ' }, undefined, 'EDGESYNC')).toEqual({
      tag: 'problems',
      problems: { patientId: 'nothingChosen' },
    });
    expect(parseOrder({ ...draft, what: 'some', dateFrom: 'soon' }, undefined, 'EDGESYNC')).toEqual({
      tag: 'problems',
      problems: { dateFrom: 'badDate' },
    });
  });

  it('combines patient and dates', () => {
    const parsed = parseOrder(
      {
        ...draft,
        what: 'some',
        patientId: 'P-1',
        dateFrom: '2026-01-01',
        dateTo: '2026-01-31',
        where: 'medium',
      },
      undefined,
      'EDGESYNC',
    );
    expect(parsed).toEqual({
      tag: 'order',
      order: {
        selecting: {
          tag: 'ready',
          selection: {
            tag: 'matching',
            patientId: 'P-1',
            studyDateFrom: '20260101',
            studyDateTo: '20260131',
          },
        },
        target: { to: '/restored', layout: 'medium', fromCloud: false },
      },
    });
  });

  it('refuses dates that cross, a relative folder and a device without a port', () => {
    const crossed = { ...draft, what: 'some', dateFrom: '2026-02-01', dateTo: '2026-01-01' } as const;
    expect(parseOrder(crossed, undefined, 'E')).toMatchObject({ problems: { dateTo: 'datesCrossed' } });
    expect(parseOrder({ ...draft, folder: 'x' }, 'study-1', 'E')).toMatchObject({
      problems: { folder: 'notAbsolute' },
    });
    expect(parseOrder({ ...draft, where: 'node', node: 'PACS' }, 'study-1', 'E')).toMatchObject({
      problems: { node: 'badNode' },
    });
  });
});
