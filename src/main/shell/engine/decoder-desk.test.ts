import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { FakeLogger } from '../../../../test/fakes/fake-logger.ts';
import type { DecoderNews } from '../../../shared/decoder-lives.ts';
import { decoderMemoryBytes } from '../../../shared/decoder-lives.ts';
import { DecoderDesk, decoderLookEveryMs, type DecoderFork } from './decoder-desk.ts';

interface Child extends DecoderFork<string> {
  isKilled: boolean;
  runs(): void;
  ends(): void;
}

function arrange(refuses = false) {
  const clock = new FakeClock();
  const logger = new FakeLogger();
  const children: Child[] = [];
  const told: (readonly [DecoderNews, readonly string[]])[] = [];
  const memory = new Map<number, number>();
  const fork = (): Child => {
    if (refuses) throw new Error('no such file');
    const started = Promise.withResolvers<void>();
    const exited = Promise.withResolvers<void>();
    const pid = 100 + children.length;
    const child: Child = {
      pid,
      port: `port ${pid}`,
      started: started.promise,
      exited: exited.promise,
      isKilled: false,
      kill: () => {
        child.isKilled = true;
      },
      runs: () => started.resolve(),
      ends: () => exited.resolve(),
    };
    children.push(child);
    return child;
  };
  const desk = new DecoderDesk<string>({
    fork,
    tellEngine: (news, ports) => told.push([news, ports]),
    memoryBytes: (pid) => memory.get(pid),
    clock,
    logger,
  });
  const settle = () => new Promise((next) => setImmediate(next));
  const start = async (life: number): Promise<void> => {
    desk.take({ tag: 'decoder-start', life });
    await settle();
  };
  return { clock, logger, children, told, memory, desk, settle, start };
}

describe('the decoders of the desktop app', () => {
  it('are given to the engine with a port once they run, and their end is told', async () => {
    const { children, told, settle, start } = arrange();
    await start(1);
    expect(told).toEqual([]);
    children[0]?.runs();
    await settle();
    expect(told).toEqual([[{ tag: 'decoder-started', life: 1, pid: 100 }, ['port 100']]]);
    children[0]?.ends();
    await settle();
    expect(told[1]).toEqual([{ tag: 'decoder-ended', life: 1 }, []]);
  });

  it('live one at a time: the next starts when the one before is gone', async () => {
    const { children, settle, start } = arrange();
    await start(1);
    children[0]?.runs();
    await start(2);
    expect(children[0]?.isKilled).toBe(true);
    expect(children).toHaveLength(1);
    children[0]?.ends();
    await settle();
    expect(children).toHaveLength(2);
    expect(children[1]?.isKilled).toBe(false);
  });

  it('are never started when they were given up before their turn, or when too many were asked for', async () => {
    const { children, told, desk, settle, start } = arrange();
    for (const life of [1, 2, 3, 4, 5]) await start(life);
    expect(told).toEqual([[{ tag: 'decoder-ended', life: 5 }, []]]);
    desk.take({ tag: 'decoder-kill', life: 4 });
    children[0]?.ends();
    await settle();
    expect(children).toHaveLength(1);
    expect(told.slice(-3).map(([{ tag, life }]) => `${tag} ${life}`)).toEqual([
      'decoder-ended 2',
      'decoder-ended 3',
      'decoder-ended 4',
    ]);
  });

  it('end when the engine says so', async () => {
    const { children, desk, start } = arrange();
    await start(1);
    desk.take({ tag: 'decoder-kill', life: 7 });
    expect(children[0]?.isKilled).toBe(false);
    desk.take({ tag: 'decoder-kill', life: 1 });
    expect(children[0]?.isKilled).toBe(true);
  });

  it('end when they take more memory than any image needs', async () => {
    const { children, clock, logger, memory, settle, start } = arrange();
    await start(1);
    children[0]?.runs();
    memory.set(100, decoderMemoryBytes);
    await settle();
    await clock.advance(decoderLookEveryMs);
    expect(children[0]?.isKilled).toBe(false);
    memory.set(100, decoderMemoryBytes + 1);
    await clock.advance(decoderLookEveryMs);
    expect(children[0]?.isKilled).toBe(true);
    expect(logger.lines.map(({ event }) => event)).toContain('decoder-too-large');
  });

  it('end with the engine, to which nothing is said any more', async () => {
    const { children, told, desk, settle, start } = arrange();
    await start(1);
    await start(2);
    desk.close();
    expect(children[0]?.isKilled).toBe(true);
    children[0]?.ends();
    await settle();
    await start(3);
    expect(children).toHaveLength(1);
    expect(told).toEqual([]);
  });

  it('that cannot be started count as ended, and the next is tried', async () => {
    const { told, start } = arrange(true);
    await start(1);
    await start(2);
    expect(told.map(([{ tag, life }]) => `${tag} ${life}`)).toEqual(['decoder-ended 1', 'decoder-ended 2']);
  });

  it.each([
    undefined,
    'decoder-start',
    { tag: 'decoder-start' },
    { tag: 'decoder-start', life: 0 },
    { tag: 'other', life: 1 },
  ])('are not started by %j', async (message) => {
    const { children, desk, settle } = arrange();
    desk.take(message);
    await settle();
    expect(children).toEqual([]);
  });
});
