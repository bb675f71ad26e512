import type { StudySummary } from '../../../shared/agent-state.ts';
import { assertNever } from '../../../shared/assert-never.ts';
import type { Tone } from '../../state/headline-view.ts';

/** Green only when the figures say so too. */
export function toneOf(study: StudySummary): Tone {
  switch (study.state) {
    case 'verified':
      return study.verified === study.instances && study.instances > 0 ? 'all-safe' : 'working';
    case 'receiving':
    case 'uploading':
      return 'working';
    case 'waiting':
      return 'unknown';
    case 'attention':
      return 'attention';
    default:
      return assertNever(study.state);
  }
}
