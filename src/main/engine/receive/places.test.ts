import { describe, expect, it } from 'vitest';
import { rejections } from '../dicom/pdu.ts';
import { maxWaiting, maxWaitingPerPeer, Places } from './places.ts';

function callers(count: number, remoteAddress: string) {
  return Array.from({ length: count }, () => ({ remoteAddress }));
}

describe('Places', () => {
  it('let the connection that has waited longest go when one too many comes', () => {
    const places = new Places(25);
    const all = callers(maxWaiting + 1, '127.0.0.1');
    const cut = all.map((caller) => places.arrive(caller));
    expect(cut.slice(0, -1)).toEqual(Array(maxWaiting).fill(undefined));
    expect(cut.at(-1)).toBe(all[0]);
    expect(places.waiting).toHaveLength(maxWaiting);
  });

  it("make a peer that opens many connections lose its own, not another's", () => {
    const places = new Places(25);
    const honest = { remoteAddress: '10.0.0.1' };
    places.arrive(honest);
    const greedy = callers(maxWaitingPerPeer + 1, '10.0.0.2');
    const cut = greedy.map((caller) => places.arrive(caller));
    expect(cut.at(-1)).toBe(greedy[0]);
    expect(places.waiting).toContain(honest);
  });

  it('keep associations free for others when one host takes all it can', () => {
    const places = new Places(25);
    const greedy = callers(20, '10.0.0.2').map((caller) => places.claim(caller));
    expect(greedy.filter((rejection) => rejection === undefined)).toHaveLength(15);
    expect(greedy.at(-1)).toEqual(rejections.localLimitExceeded);
    expect(places.claim({ remoteAddress: '10.0.0.1' })).toBeUndefined();
  });

  it('give this PC every association there is, and not one more', () => {
    const places = new Places(25);
    const results = callers(26, '::ffff:127.0.0.1').map((caller) => places.claim(caller));
    expect(results.slice(0, 25)).toEqual(Array(25).fill(undefined));
    expect(results[25]).toEqual({ result: 2, source: 3, reason: 2 });
  });

  it('count an ended association among the connections until it is closed, once', () => {
    const places = new Places(1);
    const caller = { remoteAddress: '127.0.0.1' };
    places.arrive(caller);
    places.claim(caller);
    expect(places.waiting).toEqual([]);
    places.release(caller);
    places.release(caller);
    expect(places.associations).toEqual([]);
    expect(places.waiting).toEqual([caller]);
    places.leave(caller);
    expect(places.waiting).toEqual([]);
  });
});
