import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { newInstance, QueueKit } from '../../../../test/support/queue-kit.ts';

let kit: QueueKit;

beforeEach(() => {
  kit = new QueueKit();
  kit.queue.setDestinations([{ name: 'cloud', required: true }]);
});
afterEach(() => kit.dispose());

const receive = (name: string, study: string, details: Parameters<typeof newInstance>[2] = {}) =>
  kit.queue.recordReceived(newInstance(name, study, details));

async function indexAll(): Promise<void> {
  while ((await kit.queue.search.index(1000)) > 0);
}

function names(text: string): string[] {
  const { studyIds } = kit.queue.search.find(text, null, 50);
  return studyIds.map((id) => kit.queue.studyDetails(id)?.patientName ?? '');
}

describe('a search', () => {
  beforeEach(async () => {
    await receive('1', 'a', {
      details: { patientName: 'Müller^Anna', patientId: 'EX-0001', accessionNumber: 'A77' },
    });
    await receive('2', 'b', { details: { patientName: 'Muller^Bernd', patientId: 'EX-0002' } });
    await receive('3', 'c', { details: { patientName: "O'Brien-Smith^Zoë", patientId: '900/17' } });
    await indexAll();
  });

  it('finds by the beginnings of words of name, id and accession number, the newest study first', () => {
    expect(names('mül')).toEqual(['Muller^Bernd', 'Müller^Anna']);
    expect(names('MULLER anna')).toEqual(['Müller^Anna']);
    expect(names('an mul')).toEqual([]);
    expect(names('ann mul')).toEqual(['Müller^Anna']);
    expect(names('ex-0002')).toEqual(['Muller^Bernd']);
    expect(names('ex000')).toEqual(['Muller^Bernd', 'Müller^Anna']);
    expect(names('a77')).toEqual(['Müller^Anna']);
    expect(names('smith')).toEqual(["O'Brien-Smith^Zoë"]);
    expect(names('obrien zoe')).toEqual(["O'Brien-Smith^Zoë"]);
    expect(names('900/17')).toEqual(["O'Brien-Smith^Zoë"]);
  });

  it('finds nothing for nothing, for signs alone and for what is not there', () => {
    expect(names('')).toEqual([]);
    expect(names(' ^^ % _ * ')).toEqual([]);
    expect(names('mullerx')).toEqual([]);
    expect(names("' OR 1=1 --")).toEqual([]);
  });

  it('follows a study whose name was filled in by a later image', async () => {
    await receive('4', 'd', { details: { patientName: '', patientId: '' } });
    await indexAll();
    expect(names('late')).toEqual([]);
    await receive('5', 'd', { details: { patientName: 'Late^Name', patientId: '' } });
    expect(kit.queue.search.isBehind).toBe(true);
    await indexAll();
    expect(names('late')).toEqual(['Late^Name']);
  });

  it('goes on page by page, each study once', async () => {
    for (let index = 0; index < 120; index += 1) {
      await receive(`p${index}`, `p${index}`, { details: { patientName: `Paged^N${index}`, patientId: '' } });
    }
    await indexAll();
    const seen: string[] = [];
    for (let before: number | null = null; ;) {
      const page = kit.queue.search.find('paged', before, 50);
      seen.push(...page.studyIds);
      if (page.next === null) break;
      before = page.next;
    }
    expect(seen.length).toBe(120);
    expect(new Set(seen).size).toBe(120);
  });

  it('keeps no name, no beginning of one and no id in clear', () => {
    kit.queue.close();
    const bytes = readFileSync(join(kit.dir, 'queue.db')).toString('latin1').toLowerCase();
    for (const word of ['muller', 'bernd', 'brien', 'ex0001', 'ex-0001']) expect(bytes).not.toContain(word);
  });
});
