import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { QueueKit } from '../../../../test/support/queue-kit.ts';
import type { NewShare } from './shares.ts';

let kit: QueueKit;

beforeEach(() => {
  kit = new QueueKit();
});
afterEach(() => kit.dispose());

const shareId = 'ab'.repeat(16);
const share: NewShare = {
  shareId,
  kind: 'link',
  studyInstanceUid: '1.2.826.0.1.3680043.9.9999.88001',
  patientName: 'Canary^Shared',
  studyDate: '20260102',
  studyDescription: 'Canary description shared',
  recipient: 'CN=Canary Recipient',
  recipientFingerprint: null,
  passcode: 'set',
  place: 'https://canaryaccount.example/shares',
  expiresAtMs: 1_800_000_000_000,
};

describe('shares in the database', () => {
  it('are told as they were begun, with everything done about them in order', () => {
    const { shares } = kit.queue;
    shares.begin(share, 'web');
    shares.begin({ ...share, shareId: 'cd'.repeat(16), kind: 'folder', expiresAtMs: null }, 'local-socket');
    shares.note(shareId, 'created', 'web', { objects: 3, sizeBytes: 4000 });
    shares.note(shareId, 'revoked', 'local-socket');
    const [second, first] = shares.all();
    expect(second).toMatchObject({ kind: 'folder', expiresAtMs: null, events: [{ action: 'begun' }] });
    expect(first).toMatchObject(share);
    expect(first?.events.map(({ action, actor, objects }) => [action, actor, objects])).toEqual([
      ['begun', 'web', null],
      ['created', 'web', 3],
      ['revoked', 'local-socket', null],
    ]);
  });

  it('are on disk when the call returns, and can neither be changed nor removed', () => {
    kit.queue.shares.begin(share, 'web');
    const db = new Database(path.join(kit.dir, 'queue.db'));
    try {
      for (const sql of [
        'UPDATE share SET expires_at = 0',
        'DELETE FROM share',
        "UPDATE share_event SET actor = 'nobody'",
        'DELETE FROM share_event',
      ])
        expect(() => db.exec(sql), sql).toThrow('append-only');
    } finally {
      db.close();
    }
    expect(kit.queue.shares.all()).toHaveLength(1);
  });

  it('tell no reader of the file whose study it was, who got it, or where it lies', () => {
    kit.queue.shares.begin(share, 'web');
    kit.queue.flush();
    const texts = [
      ...[share.studyInstanceUid, share.patientName, share.studyDescription, share.place],
      'Canary Recipient',
    ];
    for (const name of fs.readdirSync(kit.dir)) {
      const bytes = fs.readFileSync(path.join(kit.dir, name));
      for (const text of texts) {
        for (const spelling of ['utf8', 'utf16le'] as const)
          expect(bytes.includes(Buffer.from(text, spelling)), `${text} in ${name}`).toBe(false);
      }
    }
  });

  it('of an id that is taken are refused', () => {
    kit.queue.shares.begin(share, 'web');
    expect(() => kit.queue.shares.begin(share, 'web')).toThrow();
    expect(() => kit.queue.shares.note('ef'.repeat(16), 'revoked', 'web')).toThrow();
  });
});
