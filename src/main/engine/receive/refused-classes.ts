/** Images that a device would send and that no presentation context can carry: told, for nobody else would see it. */
import type { AssociateRequest } from '../dicom/pdu-associate.ts';
import { isStorageSopClass, sopClassKeyword } from '../dicom/sop-classes.ts';
import { isWellFormedUid } from '../dicom/uid.ts';
import type { ReportIncident } from '../model.ts';
import type { Clock } from '../ports.ts';
import type { Authorized } from './authorize.ts';
import { type AdmittedCaller, lackedSubject } from './caller-watch.ts';
import type { AcceptedContext } from './negotiation.ts';

/** PS3.6 annex A: UIDs of the standard itself, and those of its Storage SOP Classes (new ones are added there). */
const standardRoot = '1.2.840.10008.';
const storageRoot = '1.2.840.10008.5.1.4.1.1.';
/** A device proposes the same in every association, sometimes one per image. */
const againAfterMs = 24 * 3_600_000;
/** Callers with classes that are remembered; beyond it all are forgotten, and told anew. */
const mostRemembered = 2000;
/** Per association, so that one caller does not use up what all may report; the next association tells the rest. */
const mostPerAssociation = 20;

export interface RefusedClass {
  readonly abstractSyntax: string;
  /**
   * The class is not known here and nobody has allowed it; the caller's pairing leaves it out; or it is accepted, but
   * in none of the transfer syntaxes proposed for it.
   */
  readonly code: 'dicom-class-unknown' | 'dicom-class-not-allowed' | 'dicom-syntax-refused';
}

/**
 * What was proposed for storage, by the standard's classes or private ones, and has no accepted context: each abstract
 * syntax once. Verification, query, worklist and other services are not storage and are left out.
 */
export function refusedClasses(
  request: Pick<AssociateRequest, 'contexts'>,
  accepted: Iterable<AcceptedContext>,
  allowsClass: Authorized['allowsClass'],
): readonly RefusedClass[] {
  const carried = new Set(Array.from(accepted, ({ abstractSyntax }) => abstractSyntax));
  const proposed = new Set(request.contexts.map(({ abstractSyntax }) => abstractSyntax));
  return [...proposed]
    .filter((uid) => !carried.has(uid) && isStorageLike(uid))
    .map((abstractSyntax) => ({
      abstractSyntax,
      code: allowsClass(abstractSyntax)
        ? 'dicom-syntax-refused'
        : isStorageSopClass(abstractSyntax)
          ? 'dicom-class-not-allowed'
          : 'dicom-class-unknown',
    }));
}

/** A class of storage by the standard's list, by where new ones are added to it, or a private one that may be. */
export function isStorageLike(uid: string): boolean {
  return isStorageSopClass(uid) || uid.startsWith(storageRoot) || !uid.startsWith(standardRoot);
}

/** Reports each caller and abstract syntax once a day, as long as it goes on. */
export class RefusedClassReports {
  readonly #report: ReportIncident;
  readonly #clock: Clock;
  readonly #toldAtMs = new Map<string, number>();

  constructor(report: ReportIncident, clock: Clock) {
    this.#report = report;
    this.#clock = clock;
  }

  /** The detail names the class, which is no PHI; an odd UID is not repeated. */
  tell(caller: AdmittedCaller, refused: readonly RefusedClass[]): void {
    const nowMs = this.#clock.monotonicMs();
    const due = refused
      .map((one) => ({ ...one, subject: lackedSubject(caller, one.abstractSyntax) }))
      .filter(({ subject }) => nowMs - (this.#toldAtMs.get(subject) ?? -Infinity) >= againAfterMs);
    for (const { abstractSyntax, code, subject } of due.slice(0, mostPerAssociation)) {
      if (this.#toldAtMs.size >= mostRemembered) this.#toldAtMs.clear();
      this.#toldAtMs.set(subject, nowMs);
      this.#report({ code, subject, detail: nameOf(abstractSyntax) });
    }
  }
}

function nameOf(uid: string): string {
  return sopClassKeyword(uid) ?? (isWellFormedUid(uid) ? uid : 'its class has no valid UID');
}
