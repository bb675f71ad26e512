/**
 * Search by name, patient id and accession number. The database has no such thing in clear: of every word and its
 * beginnings it keeps an HMAC, and a question is asked with the HMACs of what was typed (docs/search.md).
 */
import type Database from 'better-sqlite3';
import { openDetailsIfWhole, type QueueCore } from './queue-core.ts';
import { openStudyDetails } from './received.ts';
import {
  matchesWords,
  mostQueryWords,
  searchTokens,
  searchWords,
  tokensOfQueryWord,
} from './search-words.ts';

/** Half of the HMAC: two words sharing one would show a study too many, which the look at the study itself prevents. */
const tokenBytes = 16;
const label = 'search-token';
/** An accession number is that of the study; a few images are asked for it. */
const imagesAsked = 8;
/** Candidates looked at for one page: bounds the time that one question takes. */
const mostCandidates = 200;

export interface SearchPage {
  /** Ids as in the page, the newest first. */
  readonly studyIds: readonly string[];
  /** Give it to the next call; null when there is no more. */
  readonly next: number | null;
}

interface Candidate {
  readonly id: number;
  readonly public_id: string;
  readonly details: Buffer;
}

export class Search {
  readonly #core: QueueCore;
  readonly #unindexed: Database.Statement<[number], { id: number; details: Buffer }>;
  readonly #anyUnindexed: Database.Statement<[], number>;
  readonly #images: Database.Statement<[number, number], Buffer>;
  readonly #forget: Database.Statement<[number]>;
  readonly #add: Database.Statement<[Buffer, number]>;
  readonly #indexed: Database.Statement<[number]>;
  readonly #find: Database.Statement<unknown[], Candidate>;

  constructor(core: QueueCore) {
    this.#core = core;
    this.#unindexed = core.prepare(
      'SELECT id, details FROM study WHERE unindexed = 1 AND id > 0 ORDER BY id LIMIT ?',
    );
    this.#anyUnindexed = core
      .prepare<[], number>('SELECT 1 FROM study WHERE unindexed = 1 AND id > 0 LIMIT 1')
      .pluck();
    this.#images = core
      .prepare<[number, number], Buffer>(
        'SELECT details FROM instance WHERE study_id = ? ORDER BY id LIMIT ?',
      )
      .pluck();
    this.#forget = core.prepare('DELETE FROM search_token WHERE study_id = ?');
    this.#add = core.prepare('INSERT OR IGNORE INTO search_token (token, study_id) VALUES (?, ?)');
    this.#indexed = core.prepare('UPDATE study SET unindexed = 0 WHERE id = ?');
    // The first word leads, newest study first; the others are probes of the key. Fewer words are repeated.
    const others = Array.from(
      { length: mostQueryWords - 1 },
      () => 'AND EXISTS (SELECT 1 FROM search_token AS o WHERE o.token = ? AND o.study_id = t.study_id)',
    ).join(' ');
    this.#find = core.prepare(
      `SELECT s.id, s.public_id, s.details FROM search_token AS t CROSS JOIN study AS s ON s.id = t.study_id
         WHERE t.token = ? AND t.study_id < ? ${others} ORDER BY t.study_id DESC LIMIT ?`,
    );
  }

  /** Whether something waits to be indexed: one look at an index that is all but empty. */
  get isBehind(): boolean {
    return this.#core.read(() => this.#anyUnindexed.get()) !== undefined;
  }

  /** Indexes up to `limit` studies. Resolves with how many there were. */
  index(limit: number): Promise<number> {
    return this.#core.write(() => {
      const studies = this.#unindexed.all(limit);
      for (const { id, details } of studies) {
        this.#forget.run(id);
        for (const token of searchTokens(this.#valuesOf(id, details))) this.#add.run(this.#token(token), id);
        this.#indexed.run(id);
      }
      return studies.length;
    });
  }

  /**
   * Studies that have a word beginning with each of the typed ones, in name, patient id or accession number. A typed
   * word of one or two letters finds whole words only. An empty question finds nothing. More than six words: the first
   * six count.
   */
  find(text: string, before: number | null, limit: number): SearchPage {
    const query = searchWords(text).slice(0, mostQueryWords);
    const [first] = query;
    if (first === undefined) return { studyIds: [], next: null };
    return this.#core.read(() => {
      const tokens = Array.from({ length: mostQueryWords }, (_, index) =>
        this.#token(tokensOfQueryWord(query[index] ?? first).prefix),
      );
      const [leading, ...others] = tokens;
      const rows = this.#find.all(leading, before ?? Number.MAX_SAFE_INTEGER, ...others, mostCandidates);
      const studyIds: string[] = [];
      for (const row of rows) {
        if (!matchesWords(this.#valuesOf(row.id, row.details), query)) continue;
        studyIds.push(row.public_id);
        if (studyIds.length === limit) {
          return { studyIds, next: row === rows.at(-1) && rows.length < mostCandidates ? null : row.id };
        }
      }
      return { studyIds, next: rows.length < mostCandidates ? null : (rows.at(-1)?.id ?? null) };
    });
  }

  #token(word: string): Buffer {
    return this.#core.ports.sealer.lookup(label, word).subarray(0, tokenBytes);
  }

  /** Nothing of a row that was damaged: it is found by the object itself only. */
  #valuesOf(studyId: number, sealed: Buffer): readonly string[] {
    const { sealer } = this.#core.ports;
    const accessions = new Set(
      this.#images
        .all(studyId, imagesAsked)
        .map((details) => openDetailsIfWhole(sealer, details)?.accessionNumber ?? ''),
    );
    try {
      const { patientName, patientId } = openStudyDetails(this.#core, sealed);
      return [patientName, patientId, ...accessions];
    } catch {
      return [...accessions];
    }
  }
}
