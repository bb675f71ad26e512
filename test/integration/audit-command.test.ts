/** `edge-sync audit` as somebody types it, against a running engine and without one. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { auditEntrySchema } from '../../src/shared/contract-audit.ts';
import { canary } from '../support/canaries.ts';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { openPractice } from '../support/whole-way.ts';

const entriesOf = (text: string) =>
  text
    .split('\n')
    // An export ends with a line to check the others with.
    .filter((line) => line !== '' && !line.startsWith('{"end":'))
    .map((line) => auditEntrySchema.parse(JSON.parse(line)));

it('tells who did what, filtered and in order, exports all of it, and never a patient', async () => {
  const practice = await openPractice();
  const { installation } = practice;
  const audit = (...args: string[]) => installation.command(['audit', ...args]);
  const printed: string[] = [];
  try {
    const engine = await installation.serve();
    await installation.enrol();
    const path = installation.path('one.dcm');
    await writeFile(path, makeDicomFile({ sopInstanceUid: testUid('one'), ...canary }).bytes);
    expect((await installation.command(['import', path])).code).toBe(0);
    const found = await installation.command(['find', '--reveal'], { input: 'canaryfamily\n' });
    expect(found.out, found.err).toContain(canary.patientName);
    const notThere = ['open', installation.path('missing.cms'), '--out', installation.path('missing.dcm')];
    expect((await installation.command(notThere)).code).toBe(1);

    const all = await audit('--json');
    printed.push(all.out);
    expect(all, all.err).toMatchObject({ code: 0, err: '' });
    const entries = entriesOf(all.out);
    expect(entries.map(({ id }) => id)).toEqual(entries.map((_, index) => index + 1));
    const actions = entries.map(({ action, actor }) => `${actor} ${action}`);
    expect(actions[0]).toBe('engine engine-started');
    expect(actions).toEqual(
      expect.arrayContaining([
        'local-socket recovery-created',
        'local-socket recovery-checked',
        'local-socket studies-searched',
        'local-socket phi-revealed',
      ]),
    );

    const revealed = await audit('--action', 'phi-revealed', '--json');
    expect(new Set(entriesOf(revealed.out).map(({ action }) => action))).toEqual(new Set(['phi-revealed']));
    const [{ subject } = { subject: null }] = entriesOf(revealed.out);
    const study = await installation.command(['study', 'show', String(subject)]);
    expect(study.out, 'the subject is the id of the study').toContain('1 images');
    const byEngine = entriesOf((await audit('--actor', 'engine', '--json')).out);
    expect(new Set(byEngine.map(({ actor }) => actor))).toEqual(new Set(['engine']));
    expect(entriesOf((await audit('--outcome', 'failure', '--json')).out)).toMatchObject([
      { actor: 'local-socket', action: 'object-opened', outcome: 'failure' },
    ]);
    const reading = entriesOf((await audit('--action', 'audit-read', '--json')).out);
    expect(reading.length, 'who reads the trail is on it').toBeGreaterThan(2);

    const last = await audit('--limit', '2');
    printed.push(last.out);
    expect(last.out.trimEnd().split('\n')).toHaveLength(2);
    expect(last.err).toContain('audit export');
    expect(await audit('--until', '1d')).toMatchObject({ code: 0, out: '' });
    expect(entriesOf((await audit('--since', '1h', '--limit', '1000', '--json')).out)[0]?.id).toBe(1);
    for (const wrong of [
      ['--since', 'yesterday'],
      ['--action', 'nonsense'],
      ['--actor', 'me'],
      ['--limit', '0'],
    ]) {
      const refused = await audit(...wrong);
      expect(refused, wrong.join(' ')).toMatchObject({ code: 64, out: '' });
    }

    const out = installation.path('audit.jsonl');
    const exported = await audit('export', '--out', out);
    expect(exported, exported.err).toMatchObject({ code: 0 });
    const kept = await readFile(out, 'utf8');
    printed.push(kept);
    expect(entriesOf(kept).map(({ id }) => id)).toEqual(entriesOf(kept).map((_, index) => index + 1));
    expect((await stat(out)).mode & 0o777).toBe(0o600);
    expect(await audit('export', '--out', out)).toMatchObject({ code: 1 });
    expect(await readFile(out, 'utf8')).toBe(kept);
    expect(await engine.stop()).toBe(0);

    const later = await audit('export', '--action', 'engine-stopped');
    expect(entriesOf(later.out)).toMatchObject([{ actor: 'engine', outcome: 'success' }]);
    const offline = entriesOf((await audit('--actor', 'command-line', '--json')).out);
    expect(offline.map(({ action }) => action)).toContain('audit-read');

    for (const text of printed)
      for (const planted of [...Object.values(canary), 'Canary', testUid('one')])
        expect(text).not.toContain(planted);
  } finally {
    await practice.dispose();
  }
}, 240_000);
