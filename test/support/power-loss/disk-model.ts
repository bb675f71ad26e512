/**
 * What may lie on a disk after the power went, given what a process asked of the file system. As harsh as POSIX allows:
 * - bytes count only when an fsync or fdatasync of their file began after they were written and has ended; of the others
 *   any 512-byte-aligned page piece may be there or not, in any order, also in the middle of a write;
 * - names count only when their folder was flushed; of the others the first ones in order may be there, folder by folder
 *   (flushing a file does not save its name).
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TracedCall } from './traced-calls.ts';

const pageBytes = 4096;
const sectorBytes = 512;

type Change =
  | { readonly tag: 'write'; readonly at: number; readonly bytes: Buffer }
  | { readonly tag: 'resize' | 'extend'; readonly sizeBytes: number };

interface Node {
  readonly kind: 'file' | 'folder';
  readonly changes: { readonly change: Change; readonly begin: number; readonly end: number }[];
  readonly syncs: { readonly begin: number; readonly end: number }[];
  /** Names in a folder, as they changed. */
  readonly names: NameChange[];
  /** Size as the running system sees it: where appended bytes go. */
  sizeBytes: number;
}

interface NameChange {
  readonly begin: number;
  readonly end: number;
  apply(names: Map<string, Node>): void;
}

export interface DiskModelOptions {
  readonly root: string;
  /** Flushes that are to be taken as not done: to see that the check would notice. */
  readonly ignoresSync?: (path: string) => boolean;
}

export class DiskModel {
  readonly #root: Node = newNode('folder');

  constructor(calls: readonly TracedCall[], options: DiskModelOptions) {
    /** Paths as the running system sees them. */
    const nodes = new Map<string, Node>([[options.root, this.#root]]);
    const rename = (from: string, to: string, node: Node, { begin, end }: TracedCall): void => {
      const folders = new Set([dirname(from), dirname(to)]);
      if (folders.size > 1) throw new Error('a name that moves to another folder is not replayed');
      nodes.get(dirname(from))?.names.push({
        begin,
        end,
        apply: (names) => {
          names.delete(nameOf(from));
          names.set(nameOf(to), node);
        },
      });
    };
    for (const call of calls) {
      const { begin, end } = call;
      switch (call.tag) {
        case 'create': {
          if (nodes.has(call.path)) break;
          const node = newNode(call.kind);
          nodes.set(call.path, node);
          const name = nameOf(call.path);
          nodes.get(dirname(call.path))?.names.push({ begin, end, apply: (names) => names.set(name, node) });
          break;
        }
        case 'write': {
          const node = nodes.get(call.path);
          if (node === undefined) break;
          const at = call.at === 'end' ? node.sizeBytes : call.at;
          node.sizeBytes = Math.max(node.sizeBytes, at + call.bytes.length);
          node.changes.push({ change: { tag: 'write', at, bytes: call.bytes }, begin, end });
          break;
        }
        case 'resize':
        case 'extend': {
          const node = nodes.get(call.path);
          if (node === undefined) break;
          node.sizeBytes = call.tag === 'resize' ? call.sizeBytes : Math.max(node.sizeBytes, call.sizeBytes);
          node.changes.push({ change: { tag: call.tag, sizeBytes: call.sizeBytes }, begin, end });
          break;
        }
        case 'sync':
          if (options.ignoresSync?.(call.path) !== true) nodes.get(call.path)?.syncs.push({ begin, end });
          break;
        case 'remove': {
          const name = nameOf(call.path);
          nodes.get(dirname(call.path))?.names.push({ begin, end, apply: (names) => names.delete(name) });
          nodes.delete(call.path);
          break;
        }
        case 'link': {
          const node = nodes.get(call.from);
          if (node === undefined) break;
          const name = nameOf(call.to);
          nodes.set(call.to, node);
          nodes.get(dirname(call.to))?.names.push({ begin, end, apply: (names) => names.set(name, node) });
          break;
        }
        case 'rename': {
          const node = nodes.get(call.from);
          if (node === undefined) break;
          nodes.delete(call.from);
          nodes.set(call.to, node);
          rename(call.from, call.to, node, call);
          break;
        }
        case 'send':
          break;
      }
    }
  }

  /** Writes one of the disks that may be found after the power went at `place`, below `to`. */
  materialise(place: number, to: string, fraction: () => number): void {
    // Some crashes keep nearly everything that was not flushed, some nothing.
    const keep = [0, 0.1, 0.5, 0.9, 1][Math.floor(fraction() * 5)] ?? 0;
    const write = (node: Node, path: string): void => {
      if (node.kind === 'file') {
        writeFileSync(path, contentAt(node, place, keep, fraction), { mode: 0o600 });
        return;
      }
      mkdirSync(path, { recursive: true, mode: 0o700 });
      for (const [name, child] of namesAt(node, place, fraction)) write(child, join(path, name));
    };
    write(this.#root, to);
  }
}

function newNode(kind: Node['kind']): Node {
  return { kind, changes: [], syncs: [], names: [], sizeBytes: 0 };
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Whether something that ended at `end` was flushed by the time `place`. */
function isDurable(node: Node, end: number, place: number): boolean {
  return node.syncs.some((sync) => sync.end <= place && end < sync.begin);
}

function namesAt(folder: Node, place: number, fraction: () => number): ReadonlyMap<string, Node> {
  const names = new Map<string, Node>();
  const durable = folder.names.filter(({ end }) => isDurable(folder, end, place)).length;
  const begun = folder.names.filter(({ begin }) => begin < place).length;
  const kept = durable + Math.floor(fraction() * (begun - durable + 1));
  for (const change of folder.names.slice(0, kept)) change.apply(names);
  return names;
}

function contentAt(node: Node, place: number, keep: number, fraction: () => number): Buffer {
  let content: Buffer = Buffer.alloc(0);
  for (const { change, begin, end } of node.changes) {
    if (begin >= place) continue;
    const durable = isDurable(node, end, place);
    switch (change.tag) {
      case 'write':
        for (const [from, to] of piecesOf(change, fraction)) {
          if (!durable && fraction() >= keep) continue;
          content = longEnough(content, change.at + to);
          change.bytes.copy(content, change.at + from, from, to);
        }
        break;
      case 'extend':
        if (durable || fraction() < keep) content = longEnough(content, change.sizeBytes);
        break;
      case 'resize':
        if (!durable && fraction() >= keep) break;
        content = longEnough(content, change.sizeBytes).subarray(0, change.sizeBytes);
        break;
    }
  }
  return content;
}

/** A write is cut where pages end, and here and there at a sector: a page may be torn. */
function* piecesOf(
  write: Change & { readonly tag: 'write' },
  fraction: () => number,
): Generator<readonly [from: number, to: number]> {
  const { at, bytes } = write;
  for (let from = 0; from < bytes.length;) {
    const step = fraction() < 0.05 ? sectorBytes : pageBytes;
    const to = Math.min(bytes.length, (Math.floor((at + from) / step) + 1) * step - at);
    yield [from, to];
    from = to;
  }
}

function longEnough(content: Buffer, sizeBytes: number): Buffer {
  return content.length >= sizeBytes
    ? content
    : Buffer.concat([content, Buffer.alloc(sizeBytes - content.length)]);
}
