import { describe, expect, it } from 'vitest';
import { stubState } from '../../../../test/e2e/stub-state.ts';
import { reportFor } from '../../../shared/errors.ts';
import type { StatusReport } from '../../../shared/status.ts';
import { stateWhileAway } from '../engine/status-while-away.ts';
import { esErrors } from '../../../shared/es-errors.ts';
import { textsFor } from './texts.ts';
import { trayIconFile } from './tray-icons.ts';
import { trayView, type TrayAction, type TrayFacts } from './tray-view.ts';

const english = textsFor('en-GB');

function actions(status: StatusReport): readonly TrayAction[] {
  return trayView(status, english, own).menu.flatMap((item) => (item.tag === 'action' ? [item.action] : []));
}

function away(code: 'engine-stopped' | 'engine-starting'): StatusReport {
  const since = '2026-01-05T09:00:00.000Z';
  return stateWhileAway({
    last: stubState('all-safe'),
    trouble: reportFor(code),
    since,
    now: since,
    version: '0.1.0',
    times: 1,
  }).status;
}

const own: TrayFacts = { startsAtLogin: false, engineOwner: 'us' };

describe('the tray', () => {
  it.each(['all-safe', 'working', 'attention', 'not-receiving'] as const)(
    'has the shape of %s',
    (headline) => {
      expect(trayView(stubState(headline).status, english, own).shape).toBe(headline);
    },
  );

  it('tells in its tooltip how many images are on the way', () => {
    expect(trayView(stubState('working').status, english, own).tooltip).toBe(
      'Edge Sync: Working, 212 images on the way',
    );
  });

  it('offers only what can be done', () => {
    expect(actions(stubState('all-safe').status)).toEqual(['open', 'quit']);
    expect(actions(stubState('attention').status)).toEqual(['open', 'retry-all', 'quit']);
    expect(actions(away('engine-stopped'))).toEqual(['open', 'start-engine', 'quit']);
  });

  it('offers to pause uploads for a time, and to go on while they are paused', () => {
    const { status } = stubState('all-safe');
    const destination = {
      name: 'cloud',
      kind: 'azure',
      required: true,
      state: 'ok' as const,
      pending: 0,
      verified: 0,
      lastVerifiedAt: null,
      error: null,
    };
    const running = trayView({ ...status, destinations: [destination] }, english, own).menu;
    const pauses = running.flatMap((item) => (item.tag === 'menu' ? item.items : []));
    expect(pauses.flatMap((item) => (item.tag === 'action' ? [item.action] : []))).toEqual([
      'pause-half-hour',
      'pause-hour',
      'pause-until-tomorrow',
    ]);
    const hold = { by: 'paused' as const, until: '2026-01-05T12:00:00.000Z' };
    const held = { ...status, destinations: [{ ...destination, state: 'paused' as const, hold }] };
    expect(actions(held)).toContain('resume-uploads');
    // Outside its times of day there is nothing to go on with.
    const window = { ...destination, hold: { ...hold, by: 'window' as const } };
    expect(actions({ ...status, destinations: [window] })).not.toContain('resume-uploads');
    expect(actions({ ...status, destinations: [] })).toEqual(['open', 'quit']);
  });

  it('names the cause while the engine is away', () => {
    const labels = trayView(away('engine-stopped'), english, own).menu.flatMap((item) =>
      'label' in item ? [item.label] : [],
    );

    expect(labels).toContain(reportFor('engine-stopped').message);
  });

  it('names the cause in the language of the desktop', () => {
    const labels = trayView(away('engine-stopped'), textsFor('es'), own).menu.flatMap((item) =>
      'label' in item ? [item.label] : [],
    );

    expect(labels).toContain(esErrors['engine-stopped']?.message);
  });

  it('says that it starts, when it starts, in the shape of not receiving', () => {
    expect(trayView(away('engine-starting'), english, own)).toMatchObject({
      shape: 'not-receiving',
      tooltip: 'Edge Sync: Starting',
    });
  });

  it('keeps the menu short, whatever goes wrong', () => {
    const { status } = stubState('attention');
    const failures = Array.from({ length: 40 }, (_, index) => ({
      ...status.failures[0]!,
      id: String(index),
      message: `${'x'.repeat(300)} ${index}`,
    }));

    const { menu } = trayView({ ...status, failures }, english, own);

    expect(menu.length).toBeLessThan(12);
    expect(menu.every((item) => !('label' in item) || item.label.length <= 80)).toBe(true);
  });

  it('speaks Spanish where the desktop does', () => {
    expect(trayView(stubState('all-safe').status, textsFor('es-MX'), own).tooltip).toBe(
      'Edge Sync: Todo a salvo',
    );
  });

  it.each([
    ['win32', 'dark', 'tray/working-on-dark.ico'],
    ['linux', 'light', 'tray/working-on-light.png'],
    ['darwin', 'dark', 'tray/workingTemplate.png'],
  ] as const)('has a drawing for %s in %s', (platform, background, file) => {
    expect(trayIconFile('tray', 'working', { platform, background })).toBe(file);
  });

  it('says whose engine it is, and that quitting does not stop one that somebody else started', () => {
    const labels = (engineOwner: TrayFacts['engineOwner']): readonly string[] =>
      trayView(stubState('all-safe').status, english, { ...own, engineOwner }).menu.flatMap((item) =>
        'label' in item ? [item.label] : [],
      );

    expect(labels('somebody-else')).toEqual(expect.arrayContaining([english.attached, english.quitAttached]));
    expect(labels('somebody-else')).not.toContain(english.quit);
    for (const owner of ['us', undefined] as const) {
      expect(labels(owner)).toContain(english.quit);
      expect(labels(owner)).not.toContain(english.attached);
    }
  });

  it('tells causes by the code, never by a detail that may name a file or a person', () => {
    const [failure] = stubState('attention').status.failures;
    const status = {
      ...stubState('attention').status,
      failures: [
        { ...failure!, code: 'file-not-readable', message: 'The file cannot be read: /scans/DOE^JANE.dcm' },
        { ...failure!, code: 'not-a-code-of-ours', message: 'DOE^JANE' },
      ],
    };

    expect(JSON.stringify(trayView(status, english, own))).not.toContain('DOE');
  });
});
