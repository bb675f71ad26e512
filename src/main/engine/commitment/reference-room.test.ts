import { describe, expect, it } from 'vitest';
import { requestLimits } from './commitment-request.ts';
import { mostInMemory, ReferenceRoom, sharesOf } from './reference-room.ts';

const device = (deviceId: string) => sharesOf({ deviceId, callingAeTitle: 'CT', remoteAddress: '10.0.0.1' });
const named = (callingAeTitle: string) => sharesOf({ deviceId: null, callingAeTitle, remoteAddress: '::1' });

describe('the room for references', () => {
  it('holds the largest request in the share of one caller', () => {
    expect(new ReferenceRoom().take(device('a'), requestLimits.maxReferences)).toBe(true);
    expect(requestLimits.maxReferences * 4).toBe(mostInMemory);
  });

  it('gives a caller a quarter and leaves the rest to others', () => {
    const room = new ReferenceRoom(100);
    expect(room.take(device('a'), 25)).toBe(true);
    expect(room.take(device('a'), 1)).toBe(false);
    expect(room.take(device('b'), 25)).toBe(true);
    room.giveBack(device('a'), 10);
    expect(room.take(device('a'), 10)).toBe(true);
  });

  it('gives half to all names that are not paired, however many are made up', () => {
    const room = new ReferenceRoom(100);
    expect([1, 2, 3].map((turn) => room.take(named(`EVIL${turn}`), 25))).toEqual([true, true, false]);
    expect(room.take(device('a'), 25)).toBe(true);
  });

  it('never holds more than the whole, and takes nothing when it says no', () => {
    const room = new ReferenceRoom(100);
    for (const id of ['a', 'b', 'c', 'd']) expect(room.take(device(id), 25)).toBe(true);
    expect(room.take(device('e'), 1)).toBe(false);
    room.giveBack(device('a'), 1);
    expect(room.take(device('e'), 1)).toBe(true);
  });
});
