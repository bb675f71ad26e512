import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { FakeLogger } from '../../../../test/fakes/fake-logger.ts';
import type { EngineExit, EngineHandle } from './engine-handle.ts';
import { EngineSupervisor, type EngineState } from './engine-supervisor.ts';

const ready =
  '{"event":"ready","dicom":{"host":"127.0.0.1","port":11112,"aet":"EDGESYNC"},"web":null,"pid":1}';

/** A process of our own making: says what it is told to say, ends when it is told to end. */
class FakeProcess implements EngineHandle {
  readonly pid = 1;
  readonly owner = 'us';
  readonly asked: string[] = [];
  readonly #lines: string[] = [];
  readonly exited: Promise<EngineExit>;
  #wake: () => void = () => undefined;
  #ended = false;
  #exit: (exit: EngineExit) => void = () => undefined;

  constructor() {
    this.exited = new Promise((resolve) => {
      this.#exit = resolve;
    });
  }

  get lines(): AsyncIterable<string> {
    return this.#read();
  }

  say(line: string): void {
    this.#lines.push(line);
    this.#wake();
  }

  end(code: number | null): void {
    this.#ended = true;
    this.#exit({ code });
    this.#wake();
  }

  terminate(): void {
    this.asked.push('terminate');
  }

  kill(): void {
    this.asked.push('kill');
    this.end(null);
  }

  async *#read(): AsyncGenerator<string, void> {
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) yield line;
      else if (this.#ended) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}

describe('the supervisor', () => {
  let clock: FakeClock;
  let states: EngineState[];
  let processes: FakeProcess[];
  let supervisor: EngineSupervisor;

  const latest = (): FakeProcess => processes.at(-1)!;
  const state = (): EngineState => states.at(-1)!;

  beforeEach(() => {
    clock = new FakeClock();
    states = [];
    processes = [];
    supervisor = new EngineSupervisor({
      launch: () => {
        const process = new FakeProcess();
        processes.push(process);
        return process;
      },
      clock,
      logger: new FakeLogger(),
      onState: (next) => states.push(next),
    });
  });

  async function crash(afterMs: number): Promise<void> {
    await clock.advance(afterMs);
    latest().end(1);
    await clock.advance(0);
  }

  it('says running only once the engine says that it receives', async () => {
    supervisor.start();
    await clock.advance(10_000);
    expect(state()).toEqual({ tag: 'starting', trouble: undefined });

    latest().say(ready);
    await clock.advance(0);

    expect(state()).toMatchObject({ tag: 'running', ready: { dicom: { port: 11112 } } });
  });

  it('starts it again after a crash, waiting longer each time up to a minute, and never gives up', async () => {
    supervisor.start();
    const waits: number[] = [];
    for (let life = 0; life < 12; life += 1) {
      const beforeMs = clock.nowMs();
      await crash(0);
      const waiting = state();
      if (waiting.tag !== 'waiting') throw new Error(waiting.tag);
      waits.push(waiting.nextTryMs - beforeMs);
      await clock.advance(waiting.nextTryMs - clock.nowMs());
    }

    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60].map((seconds) => seconds * 1_000));
    expect(processes).toHaveLength(13);
  });

  it('begins with a short wait again after a minute of health', async () => {
    supervisor.start();
    await crash(0);
    await clock.advance(1_000);
    await crash(0);
    await clock.advance(2_000);

    const beforeMs = clock.nowMs() + 60_000;
    await crash(60_000);

    expect(state()).toMatchObject({ tag: 'waiting', nextTryMs: beforeMs + 1_000 });
  });

  it("shows the engine's own reason, and does not hurry where waiting alone does not help", async () => {
    supervisor.start();
    latest().say('{"event":"failed","code":"database-too-new","message":"m","nextStep":"n"}');
    await crash(0);

    expect(state()).toEqual({
      tag: 'waiting',
      trouble: { code: 'database-too-new', message: 'm', nextStep: 'n' },
      nextTryMs: clock.nowMs() + 60_000,
    });
  });

  it('keeps showing the reason while the next attempt starts', async () => {
    supervisor.start();
    latest().say('{"event":"failed","code":"keychain-unavailable","message":"m","nextStep":"n"}');
    await crash(0);
    await clock.advance(60_000);

    expect(state()).toMatchObject({ tag: 'starting', trouble: { code: 'keychain-unavailable' } });
  });

  it('ends a process that said it cannot go on and stays all the same', async () => {
    supervisor.start();
    latest().say('{"event":"failed","code":"port-taken","message":"m","nextStep":"n"}');
    await clock.advance(5_000);

    expect(processes[0]!.asked).toEqual(['kill']);
    expect(state()).toMatchObject({ tag: 'waiting', trouble: { code: 'port-taken' } });
  });

  it('starts at once when a person asks for it', async () => {
    supervisor.start();
    latest().say('{"event":"failed","code":"keychain-unavailable","message":"m","nextStep":"n"}');
    await crash(0);
    supervisor.retryNow();
    await clock.advance(0);

    expect(processes).toHaveLength(2);
  });

  it('goes on trying when the process cannot even be launched', async () => {
    let attempts = 0;
    const unlucky = new EngineSupervisor({
      launch: () => {
        attempts += 1;
        throw new Error('no such file');
      },
      clock,
      logger: new FakeLogger(),
      onState: (next) => states.push(next),
    });
    unlucky.start();
    await clock.advance(3_000);

    expect(attempts).toBe(3);
    expect(state()).toMatchObject({ tag: 'waiting', trouble: { code: 'internal' } });
  });

  it('drains, and ends only when the process is gone', async () => {
    supervisor.start();
    latest().say(ready);
    await clock.advance(0);
    let stopped = false;
    const drained: string[] = [];
    void supervisor
      .stop(() => {
        drained.push('asked');
        return Promise.resolve();
      }, 30_000)
      .then(() => {
        stopped = true;
      });
    await clock.advance(1_000);
    expect({ drained, stopped, state: state().tag }).toEqual({
      drained: ['asked'],
      stopped: false,
      state: 'stopping',
    });

    latest().end(0);
    await clock.advance(0);

    expect({ stopped, state: state().tag, asked: latest().asked }).toEqual({
      stopped: true,
      state: 'stopped',
      asked: [],
    });
    await clock.advance(120_000);
    expect(processes).toHaveLength(1);
  });

  it('terminates a process that does not finish draining in time, and kills one that ignores that', async () => {
    supervisor.start();
    await clock.advance(0);
    void supervisor.stop(() => new Promise(() => undefined), 30_000);
    await clock.advance(30_000);
    expect(latest().asked).toEqual(['terminate']);

    await clock.advance(5_000);

    expect(latest().asked).toEqual(['terminate', 'kill']);
    expect(state().tag).toBe('stopped');
  });

  it('terminates a process that cannot be asked to drain', async () => {
    supervisor.start();
    await clock.advance(0);
    void supervisor.stop(() => Promise.reject(new Error('nobody answers')), 30_000);
    await clock.advance(0);

    expect(latest().asked).toEqual(['terminate']);
    latest().end(0);
    await clock.advance(0);
    expect(state().tag).toBe('stopped');
  });

  it('stops while it waits, without another start', async () => {
    supervisor.start();
    await crash(0);
    await supervisor.stop(() => Promise.resolve(), 30_000);
    await clock.advance(120_000);

    expect(processes).toHaveLength(1);
    expect(state().tag).toBe('stopped');
  });

  it('replaces an engine that no longer answers', async () => {
    supervisor.start();
    latest().say(ready);
    await clock.advance(0);
    supervisor.replaceHung();
    await clock.advance(1_000);

    expect(processes[0]!.asked).toEqual(['kill']);
    expect(processes).toHaveLength(2);
  });
});
