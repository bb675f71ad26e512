/** Who may come in. Default deny: pairing replaces `loopbackOnly`. */
import type { AssociateReject } from '../dicom/pdu.ts';
import { rejections } from '../dicom/pdu.ts';
import { oddAeTitle, type AssociateRequest } from '../dicom/pdu-associate.ts';
import { dicomApplicationContext } from '../dicom/sop-classes.ts';

export type Authorization =
  | {
      readonly tag: 'accept';
      /** How long the association may be silent between messages; the default suits a device that is not paired. */
      readonly idleMs?: number;
    }
  | { readonly tag: 'reject'; readonly reason: 'unknown-caller' | 'not-allowed' };

/** Decides by calling AE title (without padding) and the peer's address as Node prints it. */
export type Authorize = (callingAeTitle: string, remoteAddress: string) => Authorization;

export const loopbackOnly: Authorize = (_callingAeTitle, remoteAddress) =>
  isLoopback(remoteAddress) ? { tag: 'accept' } : { tag: 'reject', reason: 'unknown-caller' };

/** IPv4 127/8, also as seen through an IPv6 socket, and ::1. */
export function isLoopback(address: string): boolean {
  const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
  return plain === '::1' || /^127(\.\d{1,3}){3}$/.test(plain);
}

export type Admission =
  | { readonly tag: 'admit'; readonly idleMs: number | undefined }
  | {
      readonly tag: 'refuse';
      readonly reject: AssociateReject;
      /** Shown to staff as an incident; undefined when it is none (a limit, a caller that is no DICOM node). */
      readonly incident: string | undefined;
    };

/** The rejections of PS3.8 table 9-21 in the order in which they are looked for. */
export function admit(
  request: AssociateRequest,
  ownAeTitle: string,
  remoteAddress: string,
  authorize: Authorize,
): Admission {
  if ((request.protocolVersion & 1) === 0) return refuse(rejections.protocolVersionNotSupported);
  if (request.applicationContext !== dicomApplicationContext)
    return refuse(rejections.applicationContextNotSupported);
  if (request.calledAeTitle !== ownAeTitle)
    return refuse(rejections.calledAeTitleNotRecognized, 'it asked for another AE title than ours');
  if (request.callingAeTitle === oddAeTitle)
    return refuse(
      rejections.callingAeTitleNotRecognized,
      'its AE title has characters that are not allowed there',
    );
  const authorization = authorize(request.callingAeTitle, remoteAddress);
  if (authorization.tag === 'accept') return { tag: 'admit', idleMs: authorization.idleMs };
  return authorization.reason === 'unknown-caller'
    ? refuse(rejections.callingAeTitleNotRecognized, 'it is not known here')
    : refuse(rejections.noReason, 'it is not allowed to connect');
}

function refuse(reject: AssociateReject, incident?: string): Admission {
  return { tag: 'refuse', reject, incident };
}
