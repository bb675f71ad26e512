/** What is known about access, for every part of the devices screen and the dialogs in front of it. */
import { createContext, useContext } from 'react';
import type { CertificateSummary } from '../../../shared/contract-certificates.ts';
import type {
  Connection,
  Device,
  NetworkAddressFacts,
  ObservedClass,
  RefusedCaller,
} from '../../../shared/devices.ts';
import type { Asked } from '../../state/asked.ts';

export interface AccessLists {
  readonly devices: readonly Device[];
  readonly callers: readonly RefusedCaller[];
  readonly classes: readonly ObservedClass[];
  readonly connection: Connection;
  readonly addresses: readonly NetworkAddressFacts[];
}

export interface Access {
  readonly lists: Asked<AccessLists>;
  readonly certificates: Asked<readonly CertificateSummary[]>;
  /** Asks anew: after something was decided here. */
  readonly again: () => void;
}

export const AccessContext = createContext<Access>({
  lists: { tag: 'loading' },
  certificates: { tag: 'loading' },
  again: () => undefined,
});

export function useAccess(): Access {
  return useContext(AccessContext);
}

/** Certificates as far as they are known; none while they are not. */
export function useCertificates(): readonly CertificateSummary[] {
  const { certificates } = useAccess();
  return certificates.tag === 'ready' ? certificates.answer : [];
}

export const panelIds = {
  callers: 'callers',
  classes: 'classes',
  paired: 'paired-devices',
  certificates: 'certificates',
} as const;

/** A row goes when the new list is there, which may be before or after its dialog has closed. */
const lookEveryMs = 100;
const looks = 25;

/**
 * A row that was decided about goes, and the focus with it: then reading goes on at its panel, not at the top of the
 * page. Focus that somebody has put anywhere else stays there.
 */
export function keepFocus(panelId: string): void {
  let looked = 0;
  const timer = setInterval(() => {
    looked += 1;
    const { activeElement } = document;
    const isLost = activeElement === null || activeElement === document.body || activeElement.id === 'state';
    // The first look is too early: a dialog that closes gives its focus back a moment later.
    if (isLost && looked > 1) document.getElementById(panelId)?.focus();
    if ((isLost && looked > 1) || looked >= looks) clearInterval(timer);
  }, lookEveryMs);
}
