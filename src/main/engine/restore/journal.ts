/**
 * What earlier runs have finished, so that a large restore can go on without reading everything again. One line per
 * entry, an HMAC under a key of the archive: it tells nothing, nobody without the key can add to it, and it counts only
 * where its facts still hold. Losing it costs time, never an image.
 */
import { constants, type BigIntStats } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

/** 1,000,000 entries of 34 bytes; what is beyond is not read, and so proven again by its content. */
const maxJournalBytes = 34 * 1_000_000;
const readBytes = 64 * 1024;
const entryHexLength = 32;
/** Domain of these HMACs: a manifest's line starts with a brace. */
const domain = 'edge-sync restore journal v1';

export type JournalMac = (this: void, bytes: Uint8Array) => Buffer;

/** No link followed, no wait for the other end of a pipe. Windows knows neither. */
const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants as Partial<typeof constants>;
const careful = O_NOFOLLOW | O_NONBLOCK;

export class Journal {
  readonly #path: string;
  readonly #mac: JournalMac;
  readonly #entries: Set<string>;
  #handle: FileHandle | undefined;
  #writing: Promise<unknown> = Promise.resolve();
  #isBroken = false;

  private constructor(path: string, mac: JournalMac, entries: Set<string>) {
    this.#path = path;
    this.#mac = mac;
    this.#entries = entries;
  }

  /** Never rejects: a journal that cannot be read is an empty one. */
  static async open(path: string, mac: JournalMac): Promise<Journal> {
    return new Journal(path, mac, await entriesOf(path));
  }

  /** `facts`: whatever has to be the same for the entry to count. */
  has(facts: readonly string[]): boolean {
    return this.#entries.has(this.#entry(facts));
  }

  /** Appends; the file is made with the first entry. A journal that cannot be written is left alone: never rejects. */
  async add(facts: readonly string[]): Promise<void> {
    const entry = this.#entry(facts);
    if (this.#entries.has(entry)) return;
    this.#entries.add(entry);
    this.#writing = this.#writing.then(() => this.#append(entry));
    await this.#writing;
  }

  async close(): Promise<void> {
    await this.#writing;
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch(() => undefined);
  }

  async #append(entry: string): Promise<void> {
    if (this.#isBroken) return;
    try {
      this.#handle ??= await openToAppend(this.#path);
      // The line feed stands in front too: whatever a broken run left half written stays a line of its own.
      await this.#handle.write(`\n${entry}\n`);
    } catch {
      this.#isBroken = true;
    }
  }

  #entry(facts: readonly string[]): string {
    const bytes = Buffer.from(JSON.stringify([domain, ...facts]), 'utf8');
    return this.#mac(bytes).toString('hex').slice(0, entryHexLength);
  }
}

/**
 * What a file cannot keep when its content changes: no program can set the change time of a file (POSIX stat; NTFS
 * likewise). `path`: where it lies below the target.
 */
export function fileFacts(path: string, datasetSha256: string, stats: BigIntStats): readonly string[] {
  const { size, mtimeNs, ctimeNs, ino } = stats;
  return ['file', path, datasetSha256, ...[size, mtimeNs, ctimeNs, ino].map(String)];
}

/** Only a file of its own: not one that somebody linked here to have it written to. */
async function openToAppend(path: string): Promise<FileHandle> {
  const { O_WRONLY, O_APPEND, O_CREAT } = constants;
  const handle = await open(path, O_WRONLY | O_APPEND | O_CREAT | careful, 0o600);
  const facts = await handle.stat();
  if (facts.isFile() && facts.nlink === 1) return handle;
  await handle.close();
  throw new Error('not a file of its own');
}

async function entriesOf(path: string): Promise<Set<string>> {
  const entries = new Set<string>();
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, constants.O_RDONLY | careful);
    if (!(await handle.stat()).isFile()) return entries;
    const buffer = Buffer.alloc(readBytes);
    let rest = '';
    for (let at = 0; at < maxJournalBytes;) {
      const { bytesRead } = await handle.read(buffer, 0, readBytes, at);
      if (bytesRead === 0) break;
      at += bytesRead;
      const lines = (rest + buffer.toString('latin1', 0, bytesRead)).split('\n');
      rest = (lines.pop() ?? '').slice(0, entryHexLength + 1);
      for (const line of lines) {
        // A copy of its own: a slice would keep the whole chunk.
        if (/^[0-9a-f]{32}$/.test(line)) entries.add(Buffer.from(line, 'latin1').toString('latin1'));
      }
    }
  } catch {
    // Not there, or not to be read.
  } finally {
    await handle?.close().catch(() => undefined);
  }
  return entries;
}
