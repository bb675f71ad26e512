/** `edge-sync erase-list` and `edge-sync find`. */
import { createInterface } from 'node:readline/promises';
import { assertNever } from '../../../shared/assert-never.ts';
import { mostEraseDays, type EraseLine } from '../../../shared/contract-home.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { EngineClient } from '../../rpc/client.ts';
import { exitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { numberOf, type Format } from '../option-values.ts';

type Wanted = { readonly format: Format };

const usualDays = 7;
/** A name, or a number; what is longer is neither. */
const longestText = 200;

/**
 * `edge-sync erase-list`: what each device may erase. Exit 0 when every line says safe or compare, 1 when one is not
 * safe or not known.
 */
export async function runEraseList(
  client: EngineClient,
  wanted: Wanted & { readonly day: string | undefined; readonly days: string | undefined },
  output: Output,
): Promise<number> {
  const list = await client.home.eraseList({ day: wanted.day ?? null, days: daysOf(wanted.days) });
  const lines = list.days.flatMap(({ devices }) => devices);
  if (wanted.format === 'json') output.out(JSON.stringify(list, undefined, 2));
  else {
    if (lines.length === 0) output.out('no images came from a device on these days');
    for (const { day, isOver, devices } of list.days) {
      output.out(`${day}${isOver ? '' : ' (until now; more may come)'}`);
      for (const device of devices) output.out(`  ${device.aeTitle}: ${eraseText(device)}`);
    }
    if (lines.some(({ answer }) => answer === 'safe'))
      output.out(
        'Safe to erase is said only of images that the device itself asked about (storage commitment) and that are verified now.',
      );
  }
  return lines.every(({ answer }) => answer === 'safe' || answer === 'compare')
    ? exitCode.ok
    : exitCode.failed;
}

/** Throws usage before an engine is asked. */
export function daysOf(text: string | undefined): number {
  return numberOf(text, { name: '--days', usual: usualDays, most: mostEraseDays });
}

/** One line for a person. */
export function eraseText({ answer, received, verified, committed, doubt }: EraseLine): string {
  switch (answer) {
    case 'safe':
      return `${received} images: SAFE TO ERASE on the device, which named each of them`;
    case 'compare':
      return `${received} received and verified: compare with the device${
        committed === 0 ? '' : ` (it named ${committed} of them)`
      }`;
    case 'not-safe':
      return `DO NOT ERASE: ${received - verified} of ${received} images are not verified yet`;
    case 'unknown':
      return `DO NOT ERASE: not known${doubt === null ? '' : ` while this is unanswered: ${doubt}`}`;
    default:
      return assertNever(answer);
  }
}

/** What is searched for is asked for or piped in: a command line is seen by others and kept by the shell. */
export async function searchText(): Promise<string> {
  const input = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  try {
    if (process.stdin.isTTY) process.stderr.write('Name, patient id or accession number: ');
    for await (const line of input) {
      const text = line.trim().slice(0, longestText);
      if (text !== '') return text;
      if (process.stdin.isTTY) break;
    }
  } finally {
    input.close();
  }
  throw new EdgeSyncError('usage', 'type what to look for, or pipe it in: echo NAME | edge-sync find');
}

/** `edge-sync find`: exit 0 when something was found, 1 when not. */
export async function runFind(
  client: EngineClient,
  wanted: Wanted & {
    readonly text: string;
    readonly names: 'revealed' | 'hidden';
    readonly most: number;
  },
  output: Output,
): Promise<number> {
  const studies: Record<string, unknown>[] = [];
  let isIndexing: boolean;
  let next: number | null = null;
  do {
    const page: Awaited<ReturnType<typeof client.home.find>> = await client.home.find({
      text: wanted.text,
      before: next,
    });
    isIndexing = page.isIndexing;
    next = page.next;
    for (const study of page.studies.slice(0, wanted.most - studies.length)) {
      // Each name is an audited reveal, as in the page.
      const revealed = wanted.names === 'hidden' ? {} : await client.studies.reveal({ studyId: study.id });
      studies.push({ ...study, ...revealed });
      if (wanted.format === 'text') output.out(foundText(study, revealed));
    }
  } while (next !== null && studies.length < wanted.most);
  const more = next !== null;
  if (wanted.format === 'json') output.out(JSON.stringify({ studies, more, isIndexing }, undefined, 2));
  else {
    if (studies.length === 0) output.out('nothing found');
    if (more) output.out('there is more: type more of it, or ask with --most');
    if (isIndexing) output.out('older studies are still being indexed: ask again in a while');
  }
  return studies.length > 0 ? exitCode.ok : exitCode.failed;
}

function foundText(
  study: Awaited<ReturnType<EngineClient['home']['find']>>['studies'][number],
  revealed: Partial<Awaited<ReturnType<EngineClient['studies']['reveal']>>>,
): string {
  const who =
    revealed.patientName === undefined
      ? study.initials
      : [revealed.patientName, revealed.patientId, revealed.studyDescription, revealed.studyDate]
          .filter((part) => part !== undefined && part !== '')
          .join(', ');
  const when = new Date(study.lastReceivedAt).toLocaleString();
  return `${study.id}  ${who}  ${study.modality}  ${when}  ${study.verified} of ${study.instances} images verified`;
}
