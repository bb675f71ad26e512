import type { ReactElement } from 'react';

/** A curve over two axes. */
export function ChartIcon(): ReactElement {
  return (
    <svg
      className="icon"
      viewBox="0 0 24 24"
      aria-hidden="true"
      focusable="false"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d="M4 4v16h16" />
      <path d="M7.5 15.5l4-5 3 3 5-7" />
    </svg>
  );
}
