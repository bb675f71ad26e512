/** `edge-sync study`: one study of this PC, from the command line. */
import type { StudyHistoryEntry, StudyShown } from '../../../shared/contract-study.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { EngineClient } from '../../rpc/client.ts';
import { exitCode } from '../exit-codes.ts';
import { bytesText, type Output } from '../output.ts';
import type { Format } from '../option-values.ts';

/** A Study Instance UID, or the study's id as in the page. Throws study-unknown. */
async function idOf(client: EngineClient, study: string): Promise<string> {
  if (!/^[0-9.]{1,64}$/.test(study) || !study.includes('.')) return study;
  const { studyId } = await client.study.find({ studyInstanceUid: study });
  if (studyId === null) throw new EdgeSyncError('study-unknown');
  return studyId;
}

/**
 * `edge-sync study show`: how it stands at every destination, its series, and what happened to it. Without names; with
 * `images: 'listed'` every image too, a page at a time. Exit 0 when all is verified, 1 when something needs attention,
 * 2 while it is on the way.
 */
export async function runStudyShow(
  client: EngineClient,
  wanted: { readonly study: string; readonly format: Format; readonly images: 'listed' | 'counted' },
  output: Output,
): Promise<number> {
  const studyId = await idOf(client, wanted.study);
  const shown = await client.study.show({ studyId });
  const { entries } = await client.study.history({ studyId });
  if (wanted.format === 'json') {
    const series = [];
    for (const one of shown.series) {
      series.push(
        wanted.images === 'listed' ? { ...one, images: await allImages(client, studyId, one.id) } : one,
      );
    }
    output.out(JSON.stringify({ ...shown, series, history: entries }, undefined, 2));
    return codeOf(shown);
  }
  for (const line of linesOf(shown, entries)) output.out(line);
  if (wanted.images === 'listed') {
    for (const one of shown.series) {
      for (const image of await allImages(client, studyId, one.id)) {
        const states = image.deliveries.map(({ destination, state }) => `${destination} ${state}`).join(', ');
        output.out(`  series ${one.number || '-'} image ${image.number || '-'}: ${states || image.state}`);
      }
    }
  }
  return codeOf(shown);
}

async function allImages(client: EngineClient, studyId: string, seriesId: string) {
  const images = [];
  for (;;) {
    const page = await client.study.instances({ studyId, seriesId, offset: images.length });
    images.push(...page.instances);
    if (page.instances.length === 0 || images.length >= page.total) return images;
  }
}

function codeOf({ study, destinations }: StudyShown): number {
  const isStuck =
    study.failed + study.parked > 0 ||
    destinations.some((one) => one.failed + one.parked + one.inTrouble > 0);
  if (isStuck) return exitCode.failed;
  return study.verified === study.instances && study.instances > 0 ? exitCode.ok : exitCode.partly;
}

function* linesOf(shown: StudyShown, history: readonly StudyHistoryEntry[]): Generator<string> {
  const { study, local, series, seriesTotal, destinations } = shown;
  yield `study ${study.id}: ${study.initials} ${study.modality}, ${study.state}`;
  yield `${study.instances} images (${bytesText(study.sizeBytes)}), ${study.verified} verified, ${study.failed} failed, ${study.parked} set aside; ${local} with a copy on this PC`;
  for (const one of destinations) {
    yield `${one.name}${one.required ? '' : ' (additional)'}: ${one.verified} verified, ${one.waiting} waiting, ${one.uploaded} stored and being listed, ${one.failed} failed, ${one.parked} set aside`;
    for (const error of one.errors) yield `  ${error.count} x ${error.message}. ${error.nextStep}`;
  }
  for (const one of series)
    yield `series ${one.number || '-'} ${one.modality}: ${one.instances} images, ${one.verified} verified`;
  if (seriesTotal > series.length) yield `${seriesTotal - series.length} more series`;
  for (const entry of history) yield `${new Date(entry.at).toLocaleString()}  ${wordsOf(entry)}`;
}

function wordsOf(entry: StudyHistoryEntry): string {
  switch (entry.tag) {
    case 'received':
      return `${entry.images} images received from ${entry.source ?? 'files'} and sealed`;
    case 'verified':
      return `${entry.images} images uploaded to ${entry.destination} and verified`;
    case 'checked':
      return `${entry.images} copies in ${entry.destination} downloaded and compared`;
    case 'audit':
      return `${entry.action} by ${entry.actor}${entry.outcome === 'failure' ? ', without success' : ''}`;
    case 'share':
      return `share ${entry.action} by ${entry.actor}`;
  }
}
