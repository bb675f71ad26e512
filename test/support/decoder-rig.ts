/** Decoders as the desktop app starts them, for tests that drive them from outside: see decoder-rig-main.ts, -engine.ts. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { build, mergeConfig, type InlineConfig } from 'vite';
import { shellBuild } from '../../scripts/build.ts';
import { repositoryRoot } from '../../scripts/required-tools.ts';
import type { ErrorCode } from '../../src/shared/errors.ts';
import { EdgeSyncError } from '../../src/shared/errors.ts';
import type { SomeSession } from './decoder-contract.ts';
import { Display } from './electron.ts';
import { electronRig } from './tools.ts';

type Body =
  | { readonly tag: 'start'; readonly withinMs: number }
  | { readonly tag: 'open'; readonly file: string }
  | {
      readonly tag: 'picture';
      readonly frame: number;
      readonly look: 'values' | 'shown';
      readonly longestEdge: number;
    }
  | { readonly tag: 'end' }
  | { readonly tag: 'first-line' };
export type RigCall = Body & { readonly id: number; readonly session: number };
export interface RigReply {
  readonly id: number;
  readonly pid: number | null;
  readonly isOver: boolean;
  readonly value?: unknown;
  readonly code?: string;
  readonly message?: string;
}

export class DecoderRig {
  readonly #folder: string;
  readonly #display: Display;
  readonly #electron: ChildProcess;
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (reply: RigReply) => void>();
  #last = 0;
  #lastSession = 0;

  private constructor(folder: string, display: Display, electron: ChildProcess, socket: Socket) {
    this.#folder = folder;
    this.#display = display;
    this.#electron = electron;
    this.#socket = socket;
    createInterface(socket).on('line', (line) => {
      const reply = JSON.parse(line) as RigReply;
      this.#waiting.get(reply.id)?.(reply);
      this.#waiting.delete(reply.id);
    });
  }

  static async start(): Promise<DecoderRig> {
    const folder = mkdtempSync(join(tmpdir(), 'edge-sync-decoder-rig-'));
    const config: InlineConfig = mergeConfig(shellBuild(), { build: { outDir: join(folder, 'dist') } });
    config.build!.rolldownOptions!.input = {
      main: resolve(import.meta.dirname, 'decoder-rig-main.ts'),
      engine: resolve(import.meta.dirname, 'decoder-rig-engine.ts'),
    };
    await build(config);
    writeFileSync(join(folder, 'package.json'), '{"name":"rig","type":"module","main":"dist/main.js"}');
    symlinkSync(join(repositoryRoot, 'node_modules'), join(folder, 'node_modules'));
    const display = await Display.start();
    const server = createServer();
    const connected = new Promise<Socket>((done) => server.once('connection', done));
    await new Promise<void>((done) => server.listen(join(folder, 'socket'), done));
    const electron = spawn(
      join(electronRig(), 'electron'),
      ['--no-sandbox', '--disable-gpu', `--user-data-dir=${join(folder, 'profile')}`, folder, folder],
      {
        env: {
          ...process.env,
          DISPLAY: display.name,
          DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent',
          EDGE_SYNC_PASSPHRASE: 'a passphrase that no decoder may see',
        },
        stdio: process.env['EDGE_SYNC_RIG_LOG'] === undefined ? 'ignore' : 'inherit',
      },
    );
    const socket = await connected;
    server.close();
    return new DecoderRig(folder, display, electron, socket);
  }

  /** A session of a decoder with this script; the one before is ended by it. */
  session(script: string, withinMs: number): SomeSession {
    this.#lastSession += 1;
    const session = this.#lastSession;
    let pid: number | undefined;
    let isOver = false;
    const ask = async (body: Body): Promise<unknown> => {
      const reply = await this.#ask(session, body);
      pid = reply.pid ?? undefined;
      isOver = reply.isOver;
      if (reply.code !== undefined) throw new EdgeSyncError(reply.code as ErrorCode, reply.message);
      return reply.value;
    };
    writeFileSync(join(this.#folder, 'script'), script);
    const started = ask({ tag: 'start', withinMs });
    return {
      get pid() {
        return pid;
      },
      get isOver() {
        return isOver;
      },
      open: async (file) => {
        await started;
        const bytes = Buffer.concat(file).toString('base64');
        return (await ask({ tag: 'open', file: bytes })) as Awaited<ReturnType<SomeSession['open']>>;
      },
      picture: async (frame, look, longestEdge) => {
        const { facts, pixels } = (await ask({ tag: 'picture', frame, look, longestEdge })) as {
          readonly facts: Awaited<ReturnType<SomeSession['picture']>>['facts'];
          readonly pixels: string;
        };
        return { facts, pixels: new Uint8Array(Buffer.from(pixels, 'base64')) };
      },
      end: async () => {
        await ask({ tag: 'end' });
      },
    };
  }

  /** The first line that a script says. */
  async firstLine(script: string): Promise<string> {
    writeFileSync(join(this.#folder, 'script'), script);
    const reply = await this.#ask(0, { tag: 'first-line' });
    return reply.value as string;
  }

  async stop(): Promise<void> {
    const gone = new Promise<void>((done) => this.#electron.once('exit', () => done()));
    this.#socket.destroy();
    await gone;
    this.#display.stop();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #ask(session: number, body: Body): Promise<RigReply> {
    this.#last += 1;
    const id = this.#last;
    return new Promise((done) => {
      this.#waiting.set(id, done);
      this.#socket.write(`${JSON.stringify({ ...body, id, session })}\n`);
    });
  }
}
