import { assertNever } from '../../../shared/assert-never.ts';
import type { Tone } from '../../state/headline-view.ts';

/** The tab and the window's title tell the state too, by shape as well as colour. */
export function showInTab(title: string, tone: Tone): void {
  document.title = title;
  const link = document.getElementById('page-icon');
  if (!(link instanceof HTMLLinkElement)) return;
  const address = `data:image/svg+xml,${encodeURIComponent(drawing(tone))}`;
  if (link.href !== address) link.href = address;
}

function drawing(tone: Tone): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">${shape(tone)}</svg>`;
}

function shape(tone: Tone): string {
  const mark = 'fill="none" stroke="#fff" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round"';
  switch (tone) {
    case 'all-safe':
      return `<circle cx="12" cy="12" r="11" fill="#1a7a45"/><path ${mark} d="M7 12.4l3.4 3.4L17 9.2"/>`;
    case 'working':
      return `<circle cx="12" cy="12" r="11" fill="#1c5fb0"/><path ${mark} d="M12 17V7.5M8 11.2l4-4 4 4"/>`;
    case 'attention':
      return `<path d="M12 1.5l11 20H1z" fill="#b86a00"/><path ${mark} d="M12 9v5M12 17.8v.1"/>`;
    case 'not-receiving':
      return `<path d="M7.5 1h9L23 7.5v9L16.5 23h-9L1 16.5v-9z" fill="#b3261e"/><path ${mark} d="M8.5 8.5l7 7M15.5 8.5l-7 7"/>`;
    case 'unknown':
      return '<circle cx="12" cy="12" r="9.5" fill="none" stroke="#7a8490" stroke-width="2.5" stroke-dasharray="4 3"/>';
    default:
      return assertNever(tone);
  }
}
