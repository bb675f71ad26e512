import { expect, it } from 'vitest';
import { HandshakePace, handshakesAtOnce, handshakesPerSecond } from './handshake-pace.ts';

it('begins a burst at once, then so many a second, and turns the rest away, each address by itself', () => {
  let nowMs = 1000;
  const pace = new HandshakePace({ monotonicMs: () => nowMs });
  const waits = Array.from({ length: 200 }, () => pace.begin('10.0.0.1'));
  const at = waits.flatMap((one) => (one.tag === 'after' ? [Math.round(one.waitMs)] : []));
  expect(at.filter((waitMs) => waitMs === 0)).toHaveLength(handshakesAtOnce);
  expect(at).toHaveLength(handshakesAtOnce + handshakesPerSecond);
  expect(Math.max(...at)).toBeLessThanOrEqual(1000);
  expect(pace.begin('10.0.0.2')).toEqual({ tag: 'after', waitMs: 0 });
  nowMs += 1000;
  const later = Array.from({ length: 200 }, () => pace.begin('10.0.0.1')).filter(
    ({ tag }) => tag === 'after',
  );
  expect(later).toHaveLength(handshakesPerSecond);
  nowMs += 10_000;
  expect(pace.begin('10.0.0.1')).toEqual({ tag: 'after', waitMs: 0 });
});

it('remembers no more than some hundred addresses, and keeps those that are busy now', () => {
  const pace = new HandshakePace({ monotonicMs: () => 0 });
  for (let one = 0; one < 1000; one += 1) pace.begin(`fd00::${one.toString(16)}`);
  for (let one = 0; one < 200; one += 1) pace.begin('10.0.0.1');
  expect(pace.begin('10.0.0.1')).toEqual({ tag: 'too-many' });
});
