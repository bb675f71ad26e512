/** The test's side of attack-node.ts: starts it, warms it, measures it, and is an honest sender beside the attack. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'vitest';
import type { AttackFacts } from './attack-node.ts';
import { associateRq, associated, type RequestChange, statusIn, storeMessage } from './dicom-bytes.ts';
import { makeDicomFile, testUid } from './dicom-files.ts';
import { BytePeer, endChild } from './dicom-peers.ts';

const miB = 1_048_576;
/** Issue 3: growth of resident memory under any attack. */
export const mostGrowthBytes = 64 * miB;

/** Images sent before anything is measured: hot code is compiled and the heap has its working size. */
const warmUpImages = 160;

export class AttackedNode {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #folder: string;
  readonly #peers: BytePeer[] = [];
  #sent = 0;
  #restBytes = 0;
  /** Most growth seen in any attack, and in which. */
  worst = { growthBytes: 0, attack: '' };

  private constructor(child: ChildProcess, lines: AsyncIterator<string>, folder: string, port: number) {
    this.#child = child;
    this.#lines = lines;
    this.#folder = folder;
    this.port = port;
  }

  static async start(): Promise<AttackedNode> {
    const folder = await mkdtemp(join(tmpdir(), 'edge-sync-attacked-'));
    const child = spawn(process.execPath, [join(import.meta.dirname, 'attack-node.ts'), folder], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const { port } = (await nextLine(lines)) as { readonly port: number };
    const node = new AttackedNode(child, lines, folder, port);
    await node.#warmUp();
    return node;
  }

  /** Honest images stored so far: what `rows` has to be. */
  get sent(): number {
    return this.#sent;
  }

  /** A peer with an association, hung up by `hangUp` at the latest. */
  async associated(change: RequestChange = {}): Promise<BytePeer> {
    const peer = await associated(this.port, change);
    this.#peers.push(peer);
    return peer;
  }

  /** A peer with a connection alone. */
  async connected(): Promise<BytePeer> {
    const peer = await BytePeer.connect(this.port);
    this.#peers.push(peer);
    return peer;
  }

  /** For afterEach: ends every peer's connection, and waits until the node has noticed. */
  async hangUp(): Promise<void> {
    for (const peer of this.#peers.splice(0)) peer.vanish();
    await this.factsWhere(({ associations }) => associations === 0);
  }

  /** An image that a test sent by itself was acknowledged. */
  alsoStored(count = 1): void {
    this.#sent += count;
  }

  /** Stores an image on an association of its own. Throws unless it is acknowledged with Success. */
  async storeHonestly(pixelBytes = 20_000): Promise<void> {
    const peer = await associated(this.port, { callingAe: 'HONEST' });
    await this.storeOn(peer, 1, pixelBytes);
    peer.vanish();
  }

  /** Stores an image on an association; `answer` is the number of the PDU that answers it. */
  async storeOn(peer: BytePeer, answer: number, pixelBytes = 20_000): Promise<void> {
    this.#sent += 1;
    const sopInstanceUid = testUid(`honest ${this.#sent}`);
    const { dataset } = makeDicomFile({ sopInstanceUid, pixelBytes });
    peer.send(storeMessage(dataset, { sopInstanceUid }));
    const { body } = await peer.pdu(answer);
    expect(statusIn(body)).toBe(0);
  }

  async facts(): Promise<AttackFacts> {
    this.#child.stdin?.write('facts\n');
    return (await nextLine(this.#lines)) as AttackFacts;
  }

  /** Waits until the node's facts fit; fails after 20 s with the last ones. */
  async factsWhere(fits: (facts: AttackFacts) => boolean): Promise<AttackFacts> {
    for (let attempt = 0; ; attempt += 1) {
      const facts = await this.facts();
      if (fits(facts)) return facts;
      if (attempt === 400) throw new Error(`never came about: ${JSON.stringify(facts)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** From here on the peak of resident memory is looked at. */
  measureFromHere(): void {
    // 5 resets the peak (proc(5), clear_refs).
    writeFileSync(`/proc/${this.#pid}/clear_refs`, '5');
    this.#restBytes = this.#statusBytes('VmRSS');
  }

  /** Growth of resident memory from `measureFromHere` to its peak since. */
  get growthBytes(): number {
    return this.#statusBytes('VmHWM') - this.#restBytes;
  }

  /**
   * Stops the node in order, and looks: exactly what was acknowledged has a row, and the next start finds a file for
   * each row and no other.
   */
  async finish(): Promise<void> {
    try {
      this.#child.stdin?.write('stop\n');
      const { rows, spooled, errors } = (await nextLine(this.#lines)) as AttackFacts;
      console.log(
        `under attack: resident growth at most ${Math.round(this.worst.growthBytes / miB)} MiB (${this.worst.attack})`,
      );
      expect({ rows, spooled, errors }).toEqual({ rows: this.#sent, spooled: this.#sent, errors: [] });
    } finally {
      await endChild(this.#child);
      await rm(this.#folder, { recursive: true, force: true });
    }
  }

  get #pid(): number {
    return this.#child.pid ?? -1;
  }

  #statusBytes(field: string): number {
    const status = readFileSync(`/proc/${this.#pid}/status`, 'utf8');
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024;
  }

  async #warmUp(): Promise<void> {
    const lanes = 8;
    const peers = await Promise.all(Array.from({ length: lanes }, () => associated(this.port)));
    await Promise.all(
      peers.map(async (peer) => {
        for (let turn = 1; turn <= warmUpImages / lanes; turn += 1) await this.storeOn(peer, turn, 400_000);
        peer.vanish();
      }),
    );
    // Connections that come to nothing are part of a working day too.
    for (let turn = 0; turn < 4; turn += 1) {
      const crowd = await Promise.all(Array.from({ length: 50 }, () => BytePeer.connect(this.port)));
      for (const peer of crowd) peer.send(associateRq());
      await Promise.all(
        crowd.map((peer) => Promise.race([peer.pdu(0).catch(() => undefined), peer.closed()])),
      );
      for (const peer of crowd) peer.vanish();
    }
    await this.factsWhere(({ associations }) => associations === 0);
  }
}

async function nextLine(lines: AsyncIterator<string>): Promise<unknown> {
  const next = await lines.next();
  if (next.done === true) throw new Error('the node under attack has ended');
  return JSON.parse(next.value);
}

/**
 * The frame of every attack: an honest sender stores before, during (on an association of its own that was open already)
 * and after it, when the peers of the attack have been hung up; the peak of resident memory stays in its bound; nothing but honest images is stored and no error logged.
 */
export async function underAttack(
  node: AttackedNode,
  attack: (stores: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const honest = await node.associated({ callingAe: 'HONEST' });
  let answers = 0;
  const stores = async (): Promise<void> => {
    answers += 1;
    await node.storeOn(honest, answers);
  };
  await stores();
  const { errors } = await node.facts();
  node.measureFromHere();
  await attack(stores);
  await stores();
  const { growthBytes } = node;
  if (growthBytes > node.worst.growthBytes)
    node.worst = { growthBytes, attack: expect.getState().currentTestName ?? '' };
  await node.hangUp();
  const after = await node.facts();
  await node.storeHonestly();
  expect(after.errors).toEqual(errors);
  expect(growthBytes).toBeLessThan(mostGrowthBytes);
}
