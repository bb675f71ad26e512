/** What the receiver tells about callers to whoever keeps pairings (devices/). Called in the middle of an association. */
import type { RefusedBecause } from '../../../shared/devices.ts';
import type { ReportIncident } from '../model.ts';
import { refusalText } from './admission.ts';
import type { PeerFacts } from './authorize.ts';
import type { RefusedClass } from './refused-classes.ts';

export interface RefusedCall extends PeerFacts {
  /** Without padding; `oddAeTitle` for what may not be one. */
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  readonly proposedClasses: readonly string[];
  readonly because: RefusedBecause;
}

export interface AdmittedCaller {
  readonly callingAeTitle: string;
  readonly remoteAddress: string;
  readonly deviceId: string | null;
}

/** Neither method throws or waits. */
export interface CallerWatch {
  refused(call: RefusedCall): void;
  /** Classes that no context carries. Gives back those that staff have not dismissed. */
  lacked(caller: AdmittedCaller, classes: readonly RefusedClass[]): readonly RefusedClass[];
}

/** Same caller, same incident; resolved under the same name. */
export function callerSubject(callingAeTitle: string, remoteAddress: string): string {
  return `${callingAeTitle}@${remoteAddress}`;
}

/** As above, for a class that the caller cannot send. A paired device is the same one wherever it calls from. */
export function lackedSubject(caller: AdmittedCaller, sopClassUid: string): string {
  return `${caller.deviceId ?? callerSubject(caller.callingAeTitle, caller.remoteAddress)} ${sopClassUid}`;
}

/** Where nobody keeps pairings: every refusal is an incident. */
export function reportingWatch(report: ReportIncident): CallerWatch {
  return {
    refused: ({ callingAeTitle, remoteAddress, because }) =>
      report({
        code: 'association-refused',
        subject: callerSubject(callingAeTitle, remoteAddress),
        detail: refusalText(because),
      }),
    lacked: (_caller, classes) => classes,
  };
}
