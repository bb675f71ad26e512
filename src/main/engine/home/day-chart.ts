/** The curves of one day: what came, what waited, what was proven where. */
import type { DayChart } from '../../../shared/contract-home.ts';
import { slotMs, type HomeCounts } from '../queue/home-counts.ts';
import { dayRange } from './local-days.ts';

/** `day` is YYYY-MM-DD of the clinic's calendar; `destinations` those of the settings, so that an idle one has a line. */
export function dayChart(
  home: Pick<HomeCounts, 'arrivals' | 'proofs' | 'waiting'>,
  day: string,
  destinations: readonly string[],
  nowMs: number,
): DayChart {
  const { fromMs, toMs } = dayRange(day);
  const endMs = Math.min(toMs, Math.max(fromMs, Math.floor(nowMs / slotMs) * slotMs + slotMs));
  const size = Math.ceil((endMs - fromMs) / slotMs);
  const first = Math.floor(fromMs / slotMs);
  const images = zeros(size);
  const bytes = zeros(size);
  for (const one of home.arrivals(fromMs, endMs)) {
    add(images, one.slot - first, one.images);
    add(bytes, one.slot - first, one.bytes);
  }
  const curves = new Map(
    destinations.map((name) => [name, { name, images: zeros(size), bytes: zeros(size) }]),
  );
  for (const one of home.proofs(fromMs, endMs)) {
    // One that left the settings has no curve.
    const curve = curves.get(one.destination);
    if (curve === undefined) continue;
    add(curve.images, one.slot - first, one.images);
    add(curve.bytes, one.slot - first, one.bytes);
  }
  const waiting = home.waiting(fromMs, endMs);
  const noted = new Map(waiting.slots.map((one) => [one.slot, one]));
  let last = waiting.before;
  const slots = images.map((imagesThen, index) => {
    const note = noted.get(first + index);
    // What was not noted anew still stands.
    const most = note === undefined ? last : Math.max(note.most, last ?? 0);
    last = note?.last ?? last;
    return {
      at: new Date(fromMs + index * slotMs).toISOString(),
      images: imagesThen,
      bytes: bytes[index] ?? 0,
      waiting: last,
      waitingMost: most,
    };
  });
  return { day, slotSeconds: slotMs / 1000, slots, destinations: [...curves.values()] };
}

function zeros(size: number): number[] {
  return new Array<number>(size).fill(0);
}

function add(counts: number[], index: number, value: number): void {
  if (index >= 0 && index < counts.length) counts[index] = (counts[index] ?? 0) + value;
}
