import { describe, expect, it } from 'vitest';
import {
  agent,
  allSafe,
  attention,
  destination,
  empty,
  failure,
  notReceiving,
  working,
} from '../../../test/support/agent-states.ts';
import type { AgentState } from '../../shared/agent-state.ts';
import { reportFor } from '../../shared/errors.ts';
import type { StatusReport } from '../../shared/status.ts';
import type { Connection } from './agent-store.ts';
import { headlineView } from './headline-view.ts';

const live = (state: AgentState) =>
  headlineView({ connection: { tag: 'live' }, agent: state, heardAtMs: Date.now() });

describe('the headline', () => {
  it('is the engine’s while nothing contradicts it', () => {
    expect(live(allSafe()).tone).toBe('all-safe');
    expect(live(empty()).tone).toBe('all-safe');
    expect(live(working()).tone).toBe('working');
    expect(live(attention()).tone).toBe('attention');
    expect(live(notReceiving()).tone).toBe('not-receiving');
  });

  it.each<Connection>([{ tag: 'connecting' }, { tag: 'lost' }, { tag: 'silent' }, { tag: 'refused' }])(
    'is never green while the connection is $tag, whatever was heard last',
    (connection) => {
      expect(headlineView({ connection, agent: allSafe(), heardAtMs: Date.now() }).tone).toBe('unknown');
    },
  );

  it('is unknown when live without a state', () => {
    expect(headlineView({ connection: { tag: 'live' }, agent: undefined, heardAtMs: undefined }).tone).toBe(
      'unknown',
    );
  });

  const contradictions: readonly (readonly [string, Partial<StatusReport>])[] = [
    ['safe is false', { safe: false }],
    ['an image failed', { counts: { received: 493, pending: 0, verified: 492, failed: 1, parked: 0 } }],
    ['an image is set aside', { counts: { received: 493, pending: 0, verified: 492, failed: 0, parked: 1 } }],
    [
      'an image is on its way',
      { counts: { received: 493, pending: 1, verified: 492, failed: 0, parked: 0 } },
    ],
    ['something waits to be answered', { failures: [failure('uid-conflict')] }],
    ['there is no kit', { recovery: 'none' }],
    ['the kit is not proven', { recovery: 'created' }],
    ['there is no destination', { destinations: [] }],
    ['a required destination is paused', { destinations: [destination({ state: 'paused' })] }],
    ['a required destination refused', { destinations: [destination({ state: 'refused' })] }],
    ['the listener is down', { listener: { up: false, host: '127.0.0.1', port: 1, aeTitle: 'X' } }],
  ];
  it.each(contradictions)('is not green, though the engine says all safe, when %s', (_why, change) => {
    expect(live(agent(change)).tone).not.toBe('all-safe');
  });

  it('names the failure that may cost images before others', () => {
    expect(live(attention()).reason).toMatchObject({
      tag: 'failure',
      failure: { code: 'association-aborted' },
      others: 2,
    });
  });

  it('names a destination’s error when there is no failure, then the kit, then stuck images', () => {
    const bad = { headline: 'attention', safe: false } as const;
    const error = reportFor('cloud-auth');
    expect(live(agent({ ...bad, destinations: [destination({ state: 'paused', error })] })).reason.tag).toBe(
      'destination',
    );
    expect(live(agent({ ...bad, recovery: 'created' })).reason).toEqual({
      tag: 'recovery',
      state: 'created',
    });
    const counts = { received: 5, pending: 0, verified: 2, failed: 1, parked: 2 };
    expect(live(agent({ ...bad, counts })).reason).toEqual({ tag: 'stuck', failed: 1, parked: 2 });
    expect(live(agent({ ...bad, destinations: [] })).reason.tag).toBe('no-destination');
    expect(live(agent(bad)).reason.tag).toBe('unexplained');
  });
});
