/** Who may come in. Default deny. */
import { assertNever } from '../../../shared/assert-never.ts';
import type { RefusedBecause } from '../../../shared/devices.ts';
import type { AssociateReject } from '../dicom/pdu.ts';
import { rejections } from '../dicom/pdu.ts';
import { oddAeTitle, type AssociateRequest } from '../dicom/pdu-associate.ts';
import { dicomApplicationContext, isStorageSopClass } from '../dicom/sop-classes.ts';
import { isLoopback } from '../system/ip-address.ts';
import type { Authorize, Authorized, PeerFacts } from './authorize.ts';

/** Where there are no pairings: programs on this PC may send what the standard knows. */
export const loopbackOnly: Authorize = ({ remoteAddress }) =>
  isLoopback(remoteAddress)
    ? { tag: 'accept', deviceId: null, allowsClass: isStorageSopClass }
    : { tag: 'reject', reason: 'unknown-title' };

export type Admission =
  | { readonly tag: 'admit'; readonly authorized: Authorized }
  | {
      readonly tag: 'refuse';
      readonly reject: AssociateReject;
      /** Shown to staff; undefined when it is nobody's business (a limit, a caller that is no DICOM node). */
      readonly because: RefusedBecause | undefined;
    };

/** The rejections of PS3.8 table 9-21 in the order in which they are looked for. */
export function admit(
  request: AssociateRequest,
  ownAeTitle: string,
  peer: PeerFacts,
  authorize: Authorize,
): Admission {
  if ((request.protocolVersion & 1) === 0) return refuse(rejections.protocolVersionNotSupported);
  if (request.applicationContext !== dicomApplicationContext)
    return refuse(rejections.applicationContextNotSupported);
  if (request.calledAeTitle !== ownAeTitle)
    return refuse(rejections.calledAeTitleNotRecognized, 'other-called-title');
  if (request.callingAeTitle === oddAeTitle)
    return refuse(rejections.callingAeTitleNotRecognized, 'odd-title');
  const { callingAeTitle } = request;
  const authorization = authorize({ ...peer, callingAeTitle, proposedClasses: proposedClasses(request) });
  return authorization.tag === 'accept'
    ? { tag: 'admit', authorized: authorization }
    : refuse(rejections.callingAeTitleNotRecognized, authorization.reason);
}

/** In the order proposed, each once; at most as many as there are contexts (128). */
export function proposedClasses(request: Pick<AssociateRequest, 'contexts'>): readonly string[] {
  return [...new Set(request.contexts.map(({ abstractSyntax }) => abstractSyntax))];
}

/** What staff read about it, after "A device was refused:". */
export function refusalText(because: RefusedBecause): string {
  switch (because) {
    case 'unknown-title':
      return 'it is not known here';
    case 'other-address':
      return 'its name is paired, but at another address';
    case 'tls-only':
      return 'it is paired for encrypted connections only, and came without encryption';
    case 'plain-only':
      return 'it is paired without encryption, and came with a certificate that is not paired';
    case 'other-certificate':
      return 'it showed another certificate than the one it is paired with';
    case 'other-called-title':
      return 'it asked for another AE title than ours';
    case 'odd-title':
      return 'its AE title has characters that are not allowed there';
    default:
      return assertNever(because);
  }
}

function refuse(reject: AssociateReject, because?: RefusedBecause): Admission {
  return { tag: 'refuse', reject, because };
}
