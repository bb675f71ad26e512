/**
 * Our own small drawings. State is told by shape first (circle, arrows, triangle, octagon, hollow circle), then by
 * colour; the words always stand beside, so the drawings are hidden from screen readers.
 */
import type { ReactElement, ReactNode } from 'react';
import { assertNever } from '../../shared/assert-never.ts';
import type { Tone } from '../state/headline-view.ts';

interface IconProps {
  readonly className?: string | undefined;
}

function Icon({ className, children }: IconProps & { readonly children: ReactNode }): ReactElement {
  return (
    <svg
      className={className === undefined ? 'icon' : `icon ${className}`}
      viewBox="0 0 24 24"
      aria-hidden="true"
      focusable="false"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      {children}
    </svg>
  );
}

/** Solid body in the tone's colour, mark cut out in the surface's. */
function Solid({
  className,
  body,
  mark,
}: IconProps & { readonly body: ReactNode; readonly mark: ReactNode }) {
  return (
    <svg
      className={className === undefined ? 'icon' : `icon ${className}`}
      viewBox="0 0 24 24"
      aria-hidden="true"
      focusable="false"
    >
      <g className="icon-body">{body}</g>
      <g className="icon-mark">{mark}</g>
    </svg>
  );
}

export function CheckCircle({ className }: IconProps) {
  return (
    <Solid
      className={className}
      body={<circle cx="12" cy="12" r="11" />}
      mark={<path d="M7 12.4l3.4 3.4L17 9.2" />}
    />
  );
}

export function ArrowsCircle({ className }: IconProps) {
  return (
    <Solid
      className={className}
      body={<circle cx="12" cy="12" r="11" />}
      mark={
        <g className="icon-turning">
          <path d="M6.6 11a5.5 5.5 0 0 1 9.6-2.6l1.3 1.4" />
          <path d="M17.6 6.4v3.5h-3.5" />
          <path d="M17.4 13a5.5 5.5 0 0 1-9.6 2.6l-1.3-1.4" />
          <path d="M6.4 17.6v-3.5h3.5" />
        </g>
      }
    />
  );
}

export function TriangleAlert({ className }: IconProps) {
  return (
    <Solid
      className={className}
      body={<path d="M10.3 2.9a2 2 0 0 1 3.4 0l8.9 15.6a2 2 0 0 1-1.7 3H3.1a2 2 0 0 1-1.7-3z" />}
      mark={
        <>
          <path d="M12 8.6v5" />
          <path d="M12 17.3v.1" />
        </>
      }
    />
  );
}

export function OctagonStop({ className }: IconProps) {
  return (
    <Solid
      className={className}
      body={
        <path d="M7.6 1h8.8a1 1 0 0 1 .7.3l5.6 5.6a1 1 0 0 1 .3.7v8.8a1 1 0 0 1-.3.7l-5.6 5.6a1 1 0 0 1-.7.3H7.6a1 1 0 0 1-.7-.3l-5.6-5.6a1 1 0 0 1-.3-.7V7.6a1 1 0 0 1 .3-.7l5.6-5.6a1 1 0 0 1 .7-.3z" />
      }
      mark={<path d="M8.5 8.5l7 7M15.5 8.5l-7 7" />}
    />
  );
}

export function HollowCircle({ className }: IconProps) {
  return (
    <Icon className={className}>
      <circle cx="12" cy="12" r="10" strokeDasharray="4.2 3.3" />
      <path d="M9.6 9.3a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.2 1-1.2 1.9" />
      <path d="M12 16.6v.1" />
    </Icon>
  );
}

/** The shape of a state. */
export function ToneIcon({ tone, className }: IconProps & { readonly tone: Tone }): ReactElement {
  switch (tone) {
    case 'all-safe':
      return <CheckCircle className={className} />;
    case 'working':
      return <ArrowsCircle className={className} />;
    case 'attention':
      return <TriangleAlert className={className} />;
    case 'not-receiving':
      return <OctagonStop className={className} />;
    case 'unknown':
      return <HollowCircle className={className} />;
    default:
      return assertNever(tone);
  }
}

export function ProductMark({ className }: IconProps) {
  return (
    <svg
      className={className === undefined ? 'icon' : `icon ${className}`}
      viewBox="0 0 24 24"
      aria-hidden="true"
      focusable="false"
    >
      <path className="mark-shield" d="M12 1.5l8.5 3v6.6c0 5.4-3.5 9.3-8.5 11.4-5-2.1-8.5-6-8.5-11.4V4.5z" />
      <path className="mark-arrow" d="M12 16.5V8m-3.6 3.4L12 7.8l3.6 3.6" />
    </svg>
  );
}

export function MenuIcon({ className }: IconProps) {
  return (
    <Icon className={className}>
      <path d="M4 7h16M4 12h16M4 17h16" />
    </Icon>
  );
}

export function CloudIcon({ className }: IconProps) {
  return (
    <Icon className={className}>
      <path d="M7 18.5a4.5 4.5 0 0 1-.6-9A6 6 0 0 1 18 10.6a4 4 0 0 1-.5 7.9z" />
    </Icon>
  );
}

export function KeyIcon({ className }: IconProps) {
  return (
    <Icon className={className}>
      <circle cx="8" cy="15.5" r="4.5" />
      <path d="M11.4 12.4L20 4M16.4 7.5l2.8 2.8" />
    </Icon>
  );
}

export function DeviceIcon({ className }: IconProps) {
  return (
    <Icon className={className}>
      <rect x="3" y="4" width="18" height="12.5" rx="2" />
      <path d="M8.5 20.5h7M12 16.5v4M6.5 10.5h2.2l1.6-3 2.6 5.4 1.6-2.4h3" />
    </Icon>
  );
}

export function ComputerIcon({ className }: IconProps) {
  return (
    <Icon className={className}>
      <rect x="3" y="3.5" width="18" height="7" rx="1.8" />
      <rect x="3" y="13.5" width="18" height="7" rx="1.8" />
      <path d="M7 7v.1M7 17v.1M11 7h6M11 17h6" />
    </Icon>
  );
}

export function StudyIcon({ className }: IconProps) {
  return (
    <Icon className={className}>
      <rect x="3.5" y="7.5" width="13" height="13" rx="2" />
      <path d="M7.5 4.5a1 1 0 0 1 1-1h10a2 2 0 0 1 2 2v10a1 1 0 0 1-1 1" />
      <path d="M3.5 17l3.6-3.6 3.2 3.2 2-2 4.2 4.2" />
    </Icon>
  );
}

export function FolderIcon({ className }: IconProps) {
  return (
    <Icon className={className}>
      <path d="M3 7a2 2 0 0 1 2-2h4l2.2 2.5H19a2 2 0 0 1 2 2V17a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2z" />
    </Icon>
  );
}

export function BellIcon({ className }: IconProps) {
  return (
    <Icon className={className}>
      <path d="M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15z" />
      <path d="M10 21h4" />
    </Icon>
  );
}

export function PrinterIcon({ className }: IconProps) {
  return (
    <Icon className={className}>
      <path d="M7 8V3.5h10V8M7 17H5a2 2 0 0 1-2-2v-5a2 2 0 0 1 2-2h14a2 2 0 0 1 2 2v5a2 2 0 0 1-2 2h-2" />
      <path d="M7 13.5h10v7H7z" />
    </Icon>
  );
}

export function UnplugIcon({ className }: IconProps) {
  return (
    <Icon className={className}>
      <path d="M8.5 2.5v5M15.5 2.5v5M5.5 7.5h13v3a6.5 6.5 0 0 1-10 5.4M12 17v4.5M3 3l18 18" />
    </Icon>
  );
}

export function LinkIcon({ className }: IconProps) {
  return (
    <Icon className={className}>
      <path d="M10 14a4.2 4.2 0 0 0 6 0l3.2-3.2a4.2 4.2 0 0 0-6-6L12 6" />
      <path d="M14 10a4.2 4.2 0 0 0-6 0l-3.2 3.2a4.2 4.2 0 0 0 6 6L12 18" />
    </Icon>
  );
}

export function LockIcon({ className }: IconProps) {
  return (
    <Icon className={className}>
      <rect x="5" y="10.5" width="14" height="10" rx="2" />
      <path d="M8 10.5V7.5a4 4 0 0 1 8 0v3M12 14.5v2" />
    </Icon>
  );
}

export function CopyIcon({ className }: IconProps) {
  return (
    <Icon className={className}>
      <rect x="8.5" y="8.5" width="12" height="12" rx="2" />
      <path d="M15.5 8.5v-3a2 2 0 0 0-2-2h-8a2 2 0 0 0-2 2v8a2 2 0 0 0 2 2h3" />
    </Icon>
  );
}

export function DoorIcon({ className }: IconProps) {
  return (
    <Icon className={className}>
      <path d="M6 21V5a2 2 0 0 1 2-2h8a2 2 0 0 1 2 2v16M3 21h18M14.5 12v.1" />
    </Icon>
  );
}

export function CertificateIcon({ className }: IconProps) {
  return (
    <Icon className={className}>
      <path d="M12 17H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2h14a2 2 0 0 1 2 2v5M7 8.5h10M7 12.5h4" />
      <circle cx="17" cy="15" r="2.7" />
      <path d="M15.4 17.4V22l1.6-1.2 1.6 1.2v-4.6" />
    </Icon>
  );
}

export function LookIcon({ className }: IconProps) {
  return (
    <Icon className={className}>
      <circle cx="10.5" cy="10.5" r="6.5" />
      <path d="M15.4 15.4L21 21M7.8 10.6l2 2 3.4-3.8" />
    </Icon>
  );
}

export function PauseIcon({ className }: IconProps) {
  return (
    <Icon className={className}>
      <path d="M9 5.5v13M15 5.5v13" strokeWidth="3" />
    </Icon>
  );
}

export function DotsIcon({ className }: IconProps) {
  return (
    <Icon className={className}>
      <path d="M5 12v.1M12 12v.1M19 12v.1" strokeWidth="4.2" />
    </Icon>
  );
}

/** A curve over two axes. */
export function ChartIcon(props: IconProps) {
  return (
    <Icon {...props}>
      <path d="M4 4v16h16" />
      <path d="M7.5 15.5l4-5 3 3 5-7" />
    </Icon>
  );
}

/** What was, by the time of day. */
export function ClockIcon(props: IconProps) {
  return (
    <Icon {...props}>
      <circle cx="12" cy="12" r="8.5" />
      <path d="M12 7.5V12l3 2" />
    </Icon>
  );
}
