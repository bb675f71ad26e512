import { assertNever } from '../../../shared/assert-never.ts';
import type { EraseLine } from '../../../shared/contract-home.ts';
import type { Tone } from '../../state/headline-view.ts';

/** Green is for what the device itself asked about, and for nothing else. */
export function eraseTone(answer: EraseLine['answer']): Tone {
  switch (answer) {
    case 'safe':
      return 'all-safe';
    case 'compare':
      return 'unknown';
    case 'not-safe':
      return 'not-receiving';
    case 'unknown':
      return 'attention';
    default:
      return assertNever(answer);
  }
}

/** YYYY-MM-DD as a moment of that day here, for writing it out: noon, which every day has. */
export function dayMs(day: string): number {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  return new Date(year, month - 1, date, 12).getTime();
}
