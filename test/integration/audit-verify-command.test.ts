/** `edge-sync audit verify` as somebody types it: a whole trail, one that was tampered with, and what everybody is told then. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import type { AuditCheck } from '../../src/shared/contract-audit.ts';
import { statusReportSchema } from '../../src/shared/status.ts';
import { canary } from '../support/canaries.ts';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { openPractice } from '../support/whole-way.ts';

interface Verified extends AuditCheck {
  readonly problems: readonly { readonly destination: string; readonly code: string }[];
  readonly firstBreak: AuditCheck['breaks'][number] | null;
}

it('proves the trail, finds what was changed and what was cut off, and lets nobody overlook it', async () => {
  const practice = await openPractice();
  const { installation } = practice;
  const printed: string[] = [];
  const run = async (...args: string[]) => {
    const result = await installation.command(args);
    printed.push(result.out, result.err);
    return result;
  };
  const verified = async (...args: string[]): Promise<Verified & { readonly code: number | null }> => {
    const { code, out, err } = await run('audit', 'verify', '--json', ...args);
    if (out === '') throw new Error(err);
    return { code, ...(JSON.parse(out) as Verified) };
  };
  const status = async () => {
    const { code, out } = await run('status', '--json');
    return { code, report: statusReportSchema.parse(JSON.parse(out)) };
  };
  const tamper = (sql: string): void => {
    const db = new Database(join(installation.dataDir, 'queue.db'));
    db.exec(`DROP TRIGGER IF EXISTS audit_no_update; DROP TRIGGER IF EXISTS audit_no_delete; ${sql}`);
    db.close();
  };
  try {
    let engine = await installation.serve();
    await installation.enrol();
    const path = installation.path('one.dcm');
    await writeFile(path, makeDicomFile({ sopInstanceUid: testUid('one'), ...canary }).bytes);
    expect((await run('import', path)).code).toBe(0);
    await installation.statusWhere(({ counts }) => counts.verified === 1);

    // Whole: by the running engine, against the list that lies in the cloud.
    const whole = await verified();
    expect(whole).toMatchObject({ code: 0, breakCount: 0, firstBreak: null, before: 0, problems: [] });
    expect(whole.proven).toBe(whole.entries);
    expect(whole.anchoredTo, 'the list carries how far the trail went').toBeGreaterThan(2);
    const said = await run('audit', 'verify', '--compare', 'all');
    expect(said, said.err).toMatchObject({ code: 0, err: '' });
    expect(said.out).toContain('The audit trail holds');
    expect((await run('audit', '--action', 'audit-verified', '--json')).out).toContain('"outcome":"success"');
    expect((await run('audit', 'verify', '--compare', 'nothing')).code).toBe(64);

    // An export that is kept elsewhere is something to compare with, too.
    const kept = installation.path('audit.jsonl');
    expect((await run('audit', 'export', '--out', kept)).code).toBe(0);
    const lines = (await readFile(kept, 'utf8')).trimEnd().split('\n');
    const { end } = JSON.parse(lines.at(-1) ?? '') as { end: { entries: number; last: number } };
    expect(end).toMatchObject({ entries: lines.length - 1, last: lines.length - 1, content: 'whole' });
    expect((await verified('--against', kept)).anchoredTo).toBe(end.last);
    await writeFile(kept, `${lines.toReversed().join('\n')}\n`);
    expect((await run('audit', 'verify', '--against', kept)).err).toContain('[audit-export-broken]');
    await writeFile(kept, `${lines.join('\n')}\n`);

    // Changed, while nothing runs: found without an engine, and a person is told by the next one.
    expect(await engine.stop()).toBe(0);
    tamper("UPDATE audit SET actor = 'engine' WHERE id = 2");
    const changed = await verified();
    expect(changed).toMatchObject({
      code: 2,
      breakCount: 1,
      firstBreak: { kind: 'changed', from: 2, to: 2 },
    });
    expect(changed.proven).toBe(changed.entries - 1);
    const told = await run('audit', 'verify', '--compare', 'here');
    expect(told.code).toBe(2);
    expect(told.out).toContain('First break: entry 2 does not say what it said when written.');
    const doctor = await run('doctor', '--dry-run');
    expect(doctor.code).toBe(2);
    expect(doctor.out).toMatch(/! Audit trail: entry 2 does not say/);
    engine = await installation.serve();
    const attention = await status();
    expect(attention.code).toBe(1);
    expect(attention.report.headline).toBe('attention');
    expect(attention.report.failures).toMatchObject([
      { code: 'audit-trail-broken', imagesSafe: true, action: 'answer' },
    ]);

    // Cut off at the end, with what this PC remembers of the list: the cloud knows, and so does the export.
    expect(await engine.stop()).toBe(0);
    tamper(`DELETE FROM audit WHERE id >= ${whole.anchoredTo}; DELETE FROM audit_anchor`);
    const here = await verified('--compare', 'here');
    expect(here.breaks, 'this PC alone cannot know').toEqual([{ kind: 'changed', from: 2, to: 2 }]);
    const elsewhere = await verified('--against', kept);
    expect(elsewhere.code).toBe(2);
    expect(elsewhere.breaks.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['changed', elsewhere.last < end.last ? 'cut-off' : 'rewritten']),
    );
    const cloud = await verified();
    expect(cloud.breaks.at(-1)?.kind).toMatch(/^(cut-off|rewritten)$/);

    // A cloud that does not answer is told: the trail was not compared with it.
    await practice.cloud.stop();
    const alone = await verified();
    expect(alone.code).toBe(2);
    expect(alone.problems).toMatchObject([{ destination: 'cloud' }]);

    for (const text of printed)
      for (const planted of [...Object.values(canary), 'Canary', testUid('one')])
        expect(text).not.toContain(planted);
  } finally {
    await practice.dispose();
  }
}, 300_000);
