/** What is to be sent and over which associations: one presentation context per class and syntax (PS3.8 7.1.1.13). */
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EdgeSyncError, toEdgeSyncError } from '../../../shared/errors.ts';
import { longestMetaBytes, part10HeadBytes, readPart10Head } from '../dicom/part10.ts';
import { maxPresentationContexts, type ProposedContext } from '../dicom/pdu-associate.ts';

export interface SendableFile {
  readonly path: string;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  readonly datasetOffset: number;
  readonly datasetBytes: number;
}

export type Inspected =
  | { readonly tag: 'sendable'; readonly file: SendableFile }
  | { readonly tag: 'failed'; readonly path: string; readonly error: EdgeSyncError };

/** Files as given, and those of folders with their subfolders in name order. A path that cannot be read is given back as it is. */
export async function* listFiles(paths: readonly string[]): AsyncGenerator<string> {
  for (const path of paths) {
    const facts = await stat(path).catch(() => undefined);
    if (facts?.isDirectory() !== true) {
      yield path;
      continue;
    }
    const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      if (entry.isDirectory()) yield* listFiles([join(path, entry.name)]);
      else if (entry.isFile()) yield join(path, entry.name);
    }
  }
}

/** Reads the head of a file (64 KB, up to 1 MB for odd metas). Never rejects. */
export async function inspect(path: string): Promise<Inspected> {
  try {
    return { tag: 'sendable', file: await readHead(path) };
  } catch (error) {
    return { tag: 'failed', path, error: toEdgeSyncError(error, 'file-not-readable') };
  }
}

async function readHead(path: string): Promise<SendableFile> {
  await using handle = await open(path, 'r');
  const { size } = await handle.stat();
  for (let wanted = part10HeadBytes; ; wanted = longestMetaBytes) {
    const buffer = Buffer.alloc(Math.min(wanted, size));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    const start = buffer.subarray(0, bytesRead);
    const head = await readPart10Head(start, bytesRead >= size ? 'whole-file' : 'more-follows');
    switch (head.tag) {
      case 'dataset':
        return {
          path,
          sopClassUid: head.sopClassUid,
          sopInstanceUid: head.sopInstanceUid,
          transferSyntaxUid: head.transferSyntaxUid,
          datasetOffset: head.datasetOffset,
          datasetBytes: size - head.datasetOffset,
        };
      case 'more':
        if (wanted === longestMetaBytes) throw new EdgeSyncError('dicom-unreadable');
        break;
      case 'dicomdir':
        throw new EdgeSyncError('dicom-class-refused');
      case 'not-dicom':
        throw new EdgeSyncError('not-dicom');
      case 'truncated':
        throw new EdgeSyncError('dicom-truncated');
      case 'unreadable':
        throw new EdgeSyncError('dicom-unreadable');
    }
  }
}

export interface PlannedAssociation {
  readonly contexts: readonly ProposedContext[];
  /** With the id of the context each goes over, in the order given. */
  readonly files: readonly { readonly file: SendableFile; readonly contextId: number }[];
}

/** At most 128 contexts per association. Each is offered the file's own syntax alone: nothing is re-encoded. */
export function planAssociations(files: readonly SendableFile[]): PlannedAssociation[] {
  const planned: { contexts: ProposedContext[]; files: { file: SendableFile; contextId: number }[] }[] = [];
  const places = new Map<string, { readonly association: number; readonly contextId: number }>();
  for (const file of files) {
    const key = `${file.sopClassUid}\n${file.transferSyntaxUid}`;
    let place = places.get(key);
    if (place === undefined) {
      const association = Math.floor(places.size / maxPresentationContexts);
      place = { association, contextId: (places.size % maxPresentationContexts) * 2 + 1 };
      places.set(key, place);
      planned[association] ??= { contexts: [], files: [] };
      planned[association].contexts.push({
        id: place.contextId,
        abstractSyntax: file.sopClassUid,
        transferSyntaxes: [file.transferSyntaxUid],
      });
    }
    planned[place.association]?.files.push({ file, contextId: place.contextId });
  }
  return planned;
}
