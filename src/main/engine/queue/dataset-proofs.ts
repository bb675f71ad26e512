/** What proved the images at destinations that must read them (a PACS), and where those are. */
import type Database from 'better-sqlite3';
import type { QueueCore } from './queue-core.ts';

/** identical: fetched back, the same bit for bit. listed: a search found it; it may have been changed. */
export type DatasetProof = { readonly tag: 'identical' } | { readonly tag: 'listed' };

export interface DatasetProofCounts {
  readonly identical: number;
  readonly listed: number;
}

export class DatasetProofs {
  readonly #core: QueueCore;
  readonly #place: Database.Statement<[string], { url: string; identical: number; listed: number }>;
  readonly #keepPlace: Database.Statement<[string, string]>;
  readonly #remove: Database.Statement<[number, number]>;
  readonly #add: Database.Statement<[number, number, string, number]>;
  readonly #one: Database.Statement<[string, number], DatasetProof['tag']>;

  constructor(core: QueueCore) {
    this.#core = core;
    this.#place = core.prepare(
      `SELECT p.url, p.identical, p.listed FROM dataset_place AS p JOIN destination AS t ON t.id = p.destination_id
         WHERE t.name = ?`,
    );
    this.#keepPlace = core.prepare(
      `INSERT INTO dataset_place (destination_id, url) SELECT id, ? FROM destination WHERE name = ?
         ON CONFLICT (destination_id) DO UPDATE SET url = excluded.url`,
    );
    this.#remove = core.prepare('DELETE FROM dataset_proof WHERE destination_id = ? AND instance_id = ?');
    this.#add = core.prepare(
      'INSERT INTO dataset_proof (destination_id, instance_id, proof, proven_at) VALUES (?, ?, ?, ?)',
    );
    this.#one = core
      .prepare<[string, number], DatasetProof['tag']>(
        `SELECT p.proof FROM dataset_proof AS p JOIN destination AS t ON t.id = p.destination_id
           WHERE t.name = ? AND p.instance_id = ?`,
      )
      .pluck();
  }

  /** Within a write of another repository. */
  record(destinationId: number, instanceId: number, proof: DatasetProof, nowMs: number): void {
    this.#remove.run(destinationId, instanceId);
    this.#add.run(destinationId, instanceId, proof.tag, nowMs);
  }

  /** How this image was proven at that destination; undefined: it was not, or the destination is no PACS. */
  of(destination: string, instanceId: number): DatasetProof | undefined {
    const tag = this.#core.read(() => this.#one.get(destination, instanceId));
    return tag === undefined ? undefined : { tag };
  }

  /** Costs the same at any number of images. */
  counts(destination: string): DatasetProofCounts {
    const { identical = 0, listed = 0 } = this.#core.read(() => this.#place.get(destination)) ?? {};
    return { identical, listed };
  }

  /** The address images were proven at, or undefined while none was. */
  placeOf(destination: string): string | undefined {
    const place = this.#core.read(() => this.#place.get(destination));
    return place === undefined || place.identical + place.listed === 0 ? undefined : place.url;
  }

  /** Before the first proof there. */
  keepPlace(destination: string, url: string): Promise<void> {
    return this.#core.write(() => {
      this.#keepPlace.run(url, destination);
    });
  }
}
