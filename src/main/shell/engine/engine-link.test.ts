import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { FakeLogger } from '../../../../test/fakes/fake-logger.ts';
import { stubState } from '../../../../test/e2e/stub-state.ts';
import type { AgentEvent, AgentState } from '../../../shared/agent-state.ts';
import { EdgeSyncError, reportFor } from '../../../shared/errors.ts';
import type { EngineClient } from '../../rpc/client.ts';
import { EngineLink } from './engine-link.ts';

type Answering = 'yes' | 'silent' | 'refuses';

/** The two procedures the link uses, scripted. */
class ScriptedEngine {
  answering: Answering = 'yes';
  streams = 0;
  #push: (event: AgentEvent) => void = () => undefined;
  #break: () => void = () => undefined;

  readonly client = {
    agent: {
      status: (_input: undefined, { signal }: { signal: AbortSignal }) => this.#status(signal),
      watch: (_input: undefined, { signal }: { signal: AbortSignal }) => Promise.resolve(this.#watch(signal)),
    },
  } as unknown as EngineClient;

  send(event: AgentEvent): void {
    this.#push(event);
  }

  breakStream(): void {
    this.#break();
  }

  #status(signal: AbortSignal): Promise<unknown> {
    if (this.answering === 'yes') return Promise.resolve(stubState('all-safe').status);
    if (this.answering === 'refuses') return Promise.reject(new EdgeSyncError('engine-not-running'));
    return new Promise((_resolve, reject) =>
      signal.addEventListener('abort', () => reject(new Error('late'))),
    );
  }

  async *#watch(signal: AbortSignal): AsyncGenerator<AgentEvent, void> {
    this.streams += 1;
    const queue: AgentEvent[] = [];
    let wake: () => void = () => undefined;
    const broken = new AbortController();
    this.#push = (event) => {
      queue.push(event);
      wake();
    };
    this.#break = () => {
      broken.abort();
      wake();
    };
    signal.addEventListener('abort', () => wake());
    for (;;) {
      const event = queue.shift();
      if (event !== undefined) yield event;
      else if (broken.signal.aborted || signal.aborted) throw new Error('stream ended');
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  }
}

describe('the link to the engine', () => {
  let clock: FakeClock;
  let engine: ScriptedEngine;
  let link: EngineLink;
  let hung: number;
  let told: AgentState[];

  beforeEach(() => {
    clock = new FakeClock();
    engine = new ScriptedEngine();
    hung = 0;
    told = [];
    link = new EngineLink({
      client: engine.client,
      clock,
      logger: new FakeLogger(),
      version: '0.1.0',
      onHung: () => {
        hung += 1;
      },
    });
    link.subscribe((state) => told.push(state));
  });

  async function live(): Promise<void> {
    link.engineUp();
    await clock.advance(0);
    engine.send({ tag: 'snapshot', state: stubState('all-safe') });
    await clock.advance(0);
  }

  const headline = (): string => link.state.status.headline;
  const code = (): string | undefined => link.state.status.failures[0]?.code;

  it('says "not receiving" with a reason before anything is known', () => {
    expect(link.state.status).toMatchObject({
      safe: false,
      headline: 'not-receiving',
      listener: { up: false },
    });
    expect(code()).toBe('engine-starting');
  });

  it('is not green on the ready line alone: only the engine itself can say so', async () => {
    link.engineUp();
    await clock.advance(5_000);
    expect(headline()).toBe('not-receiving');

    engine.send({ tag: 'snapshot', state: stubState('all-safe') });
    await clock.advance(0);

    expect(headline()).toBe('all-safe');
  });

  it('says why when the engine is gone, keeps the studies last seen, and vouches for no destination', async () => {
    await live();

    link.engineDown(reportFor('engine-stopped'));

    expect(headline()).toBe('not-receiving');
    expect(code()).toBe('engine-stopped');
    expect(link.state.studies).toHaveLength(3);
    expect(link.state.status.destinations[0]).toMatchObject({
      state: 'retrying',
      error: { code: 'engine-stopped' },
    });
  });

  it('is not green from the moment the stream breaks until a fresh snapshot', async () => {
    await live();
    engine.breakStream();
    await clock.advance(0);
    expect([headline(), code()]).toEqual(['not-receiving', 'engine-not-answering']);

    await clock.advance(1_000);
    const { status, studiesTotal } = stubState('all-safe');
    engine.send({ tag: 'delta', status, studies: [], studiesTotal, uploadBytesPerSecond: 0 });
    await clock.advance(0);
    expect(headline()).toBe('not-receiving');

    engine.send({ tag: 'snapshot', state: stubState('all-safe') });
    await clock.advance(0);
    expect(headline()).toBe('all-safe');
  });

  it('notices an engine that keeps its stream open but answers nothing, and has it replaced', async () => {
    await live();
    engine.answering = 'silent';

    await clock.advance(25_000);
    expect([headline(), code(), hung]).toEqual(['not-receiving', 'engine-not-answering', 0]);
    await clock.advance(50_000);

    expect(hung).toBe(1);
  });

  it('goes back to what the engine says when it answers again after a silence', async () => {
    await live();
    engine.answering = 'silent';
    await clock.advance(25_000);
    engine.answering = 'yes';
    await clock.advance(1_000);
    engine.send({ tag: 'snapshot', state: stubState('working') });
    await clock.advance(60_000);

    expect([headline(), hung]).toEqual(['working', 0]);
    expect(engine.streams).toBe(2);
  });

  it('finds out at once after a sleep', async () => {
    await live();
    engine.answering = 'refuses';

    await link.askNow();

    expect(headline()).toBe('not-receiving');
  });

  it('tells its listeners that it is still there at every beat, live or away', async () => {
    await live();
    const liveBefore = told.length;
    await clock.advance(60_000);
    expect(told.length - liveBefore).toBe(4);

    link.engineDown(reportFor('engine-stopped'));
    const awayBefore = told.length;
    await clock.advance(60_000);
    expect(told.length - awayBefore).toBe(2);
    expect(told.at(-1)!.status.headline).toBe('not-receiving');
  });

  it('counts how often the engine ended, and since when, until it answers again', async () => {
    await live();
    const sinceMs = clock.nowMs();
    for (let turn = 0; turn < 3; turn += 1) {
      link.engineEnded(reportFor('engine-stopped'));
      link.engineDown(reportFor('engine-stopped'));
      await clock.advance(1_000);
    }
    expect(link.state.status.failures[0]).toMatchObject({
      count: 3,
      firstAt: new Date(sinceMs).toISOString(),
      lastAt: new Date(sinceMs + 2_000).toISOString(),
    });

    await live();
    link.engineEnded(reportFor('engine-stopped'));
    expect(link.state.status.failures[0]).toMatchObject({
      count: 1,
      firstAt: new Date(clock.nowMs()).toISOString(),
    });
  });

  it('says that images may be at risk when the keys or the database are the trouble', () => {
    link.engineDown(reportFor('database-damaged'));
    expect(link.state.status.failures[0]!.imagesSafe).toBe(false);

    link.engineDown(reportFor('port-taken'));
    expect(link.state.status.failures[0]!.imagesSafe).toBe(true);
  });
});
