import { createRouterClient, ORPCError } from '@orpc/server';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { FakeLogger } from '../../../../test/fakes/fake-logger.ts';
import { stubState } from '../../../../test/e2e/stub-state.ts';
import type { AgentEvent } from '../../../shared/agent-state.ts';
import type { ImportEvent } from '../../../shared/contract.ts';
import { EdgeSyncError, reportFor } from '../../../shared/errors.ts';
import type { EngineClient } from '../../rpc/client.ts';
import { EngineLink } from '../engine/engine-link.ts';
import { engineFailureId } from '../engine/status-while-away.ts';
import { createForwardRouter, watchLink } from './forward-router.ts';

interface Asked {
  readonly procedure: string;
  readonly input: unknown;
}

function setUp(): {
  readonly page: EngineClient;
  readonly link: EngineLink;
  readonly asked: Asked[];
  readonly engineStarts: () => number;
  readonly clock: FakeClock;
} {
  const asked: Asked[] = [];
  const keep =
    (procedure: string, answer: unknown) =>
    (input: unknown): Promise<unknown> => {
      asked.push({ procedure, input });
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    };
  const client = {
    agent: {
      status: keep('agent.status', stubState('all-safe').status),
      watch: async function* (): AsyncGenerator<AgentEvent, void> {
        yield { tag: 'snapshot', state: stubState('all-safe') };
        await new Promise(() => undefined);
      },
      link: keep('agent.link', { url: null }),
    },
    studies: { retry: keep('studies.retry', { retried: 4 }) },
    failures: { retry: keep('failures.retry', { retried: 2 }) },
    recovery: { certificate: keep('recovery.certificate', new EdgeSyncError('recovery-missing')) },
    secrets: { store: keep('secrets.store', new TypeError('C:\\Users\\somebody')) },
    files: {
      import: async function* (): AsyncGenerator<ImportEvent, void> {
        yield { tag: 'progress', found: 1, done: 1, stored: 1, duplicates: 0, failed: 0, bytes: 10 };
        await Promise.resolve();
        throw new EdgeSyncError('disk-full');
      },
    },
  } as unknown as EngineClient;
  const clock = new FakeClock();
  const link = new EngineLink({
    client,
    clock,
    logger: new FakeLogger(),
    version: '0.1.0',
    onHung: () => undefined,
  });
  let starts = 0;
  const router = createForwardRouter({
    link,
    retryEngine: () => {
      starts += 1;
    },
  });
  const page = createRouterClient(router);
  return { page, link, asked, engineStarts: () => starts, clock };
}

describe('what a page asks of the shell', () => {
  it('goes on to the engine, and its answer comes back', async () => {
    const { page, asked } = setUp();

    expect(await page.studies.retry({ studyId: 's1' })).toEqual({ retried: 4 });
    expect(asked).toEqual([{ procedure: 'studies.retry', input: { studyId: 's1' } }]);
  });

  it('is checked against the contract before the engine sees it', async () => {
    const { page, asked } = setUp();

    await expect(page.studies.retry({ studyId: 'x'.repeat(129) })).rejects.toBeInstanceOf(ORPCError);
    expect(asked).toEqual([]);
  });

  it("gets the engine's error with its code and next step", async () => {
    const { page } = setUp();

    await expect(page.recovery.certificate()).rejects.toMatchObject({
      code: 'EDGE_SYNC',
      data: reportFor('recovery-missing'),
    });
  });

  it('gets nothing of a foreign error but that something went wrong', async () => {
    const { page } = setUp();

    await expect(page.secrets.store({ name: 'cloud', value: 'v' })).rejects.toMatchObject({
      code: 'EDGE_SYNC',
      data: reportFor('internal'),
    });
  });

  it('streams, and an error in the middle of a stream keeps its code', async () => {
    const { page } = setUp();
    const seen: ImportEvent[] = [];

    const reading = (async () => {
      for await (const event of await page.files.import({ paths: ['/scans'] })) seen.push(event);
    })();

    await expect(reading).rejects.toMatchObject({ data: reportFor('disk-full') });
    expect(seen).toHaveLength(1);
  });

  it('gets the state from the shell while the engine is away, and never green', async () => {
    const { page, link } = setUp();
    link.engineDown(reportFor('keychain-unavailable'));

    expect(await page.agent.status()).toMatchObject({ safe: false, headline: 'not-receiving' });
  });

  it('starts the engine by the retry of its own failure, without troubling the engine', async () => {
    const { page, asked, engineStarts } = setUp();

    await page.failures.retry({ id: engineFailureId });
    await page.failures.retry({ id: null });

    expect([engineStarts(), asked]).toEqual([2, []]);
  });

  it('retries everything in the engine when it lives', async () => {
    const { page, link, asked, engineStarts, clock } = setUp();
    link.engineUp();
    await clock.advance(0);

    expect(await page.failures.retry({ id: null })).toEqual({ retried: 2 });
    expect([engineStarts(), asked.at(-1)]).toEqual([0, { procedure: 'failures.retry', input: { id: null } }]);
    link.engineDown(reportFor('engine-stopping'));
  });
});

describe('the stream to a page', () => {
  it('gives a page that falls behind one snapshot of today instead of all it missed', async () => {
    const { link } = setUp();
    const stream = watchLink(link, undefined);
    await stream.next();
    for (let turn = 0; turn < 500; turn += 1) link.engineDown(reportFor('engine-stopped'));
    link.engineDown(reportFor('database-too-new'));

    const events: AgentEvent[] = [];
    for (let turn = 0; turn < 64; turn += 1) {
      const { value } = await stream.next();
      events.push(value!);
      const last = events.at(-1)!;
      if (last.tag === 'snapshot' && last.state.status.failures[0]!.code === 'database-too-new') break;
    }

    expect(events.length).toBeLessThan(64);
    await stream.return();
  });

  it('ends and lets go of the link when the page goes', async () => {
    const { link } = setUp();
    const page = new AbortController();
    const stream = watchLink(link, page.signal);
    await stream.next();
    const next = stream.next();

    page.abort();

    expect(await next).toEqual({ done: true, value: undefined });
  });
});
