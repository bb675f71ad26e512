/**
 * What is said about a finding: what happened, why, and the next step. `{{…}}` is filled from its values. The page has the
 * same texts in its other language (a test holds them together).
 */
import type { Finding, FindingCode } from './pairing.ts';

export interface FindingText {
  readonly title: string;
  readonly step: string;
}

export const diagnosisText = {
  'not-listening': {
    title: 'This PC is not listening right now, so no device can connect.',
    step: 'See the state at the top of the page, or run `edge-sync status`, for the reason.',
  },
  'loopback-only': {
    title: 'Only programs on this PC can connect. No device on the network can reach it.',
    step: 'Choose the network of the practice below, so that Edge Sync listens there.',
  },
  'address-changed': {
    title: 'The address of this PC is {{now}} now; it was {{before}}.',
    step: 'Enter {{now}} in the devices that hold the old address, and have the router give this PC a fixed one.',
  },
  'self-test-failed': {
    title: 'This PC cannot even reach itself at {{host}}, port {{port}}.',
    step: 'Security software on this PC may be in the way: allow Edge Sync in it. Then test again.',
  },
  'nothing-arrives': {
    title: 'This PC can be reached at {{host}}, port {{port}}, but nothing has arrived from another device.',
    step: 'Compare address and port in the device, digit by digit: a wrong port cannot be seen from here. See that both are in the same network. Then allow the port in the firewall of this PC.',
  },
  'unknown-title': {
    title: '{{title}} wants to connect, and nobody has allowed it yet.',
    step: 'Is it the device that you are setting up? Compare title and address, then allow it.',
  },
  'other-address': {
    title: '{{title}} is paired, but with another address than {{address}}.',
    step: 'If the device has a new address, add it to the pairing. Have the router always give it the same one.',
  },
  'tls-only': {
    title: '{{title}} is paired with encryption, and this caller came without.',
    step: 'Switch TLS on again in the device. If it is not your device, dismiss it and tell the administrator.',
  },
  'plain-only': {
    title: '{{title}} is paired without encryption, and came with a certificate that nobody has allowed.',
    step: 'If you have just switched TLS on in the device, allow it with its certificate.',
  },
  'other-certificate': {
    title: '{{title}} showed another certificate than the one it is paired with.',
    step: 'If the device has a new certificate, add it to the pairing. If not, somebody else may be calling.',
  },
  'other-called-title': {
    title: 'The device asked for “{{called}}”, but this PC is called “{{ours}}”.',
    step: 'In the device, set the called AE title (also: remote or destination AE title) to {{ours}}. Capital and small letters count.',
  },
  'odd-title': {
    title: 'The AE title of the device has characters that are not allowed.',
    step: 'Correct the AE title in the device: letters, digits, dashes and underscores, at most 16.',
  },
  outdated: {
    title: 'The device speaks a kind of DICOM that is not in use any more.',
    step: 'Ask its maker for a newer version of its DICOM software.',
  },
  limit: {
    title: 'There was no free place: too many connections were open at once.',
    step: 'Wait a minute and let it try again. If it stays so, let the device send fewer images at once.',
  },
  'tls-on-plain-port': {
    title: 'The device speaks TLS, but called port {{port}}, which is the one without encryption.',
    step: 'In the device, change the port to {{tlsPort}}.',
  },
  'tls-on-plain-port-off': {
    title: 'The device speaks TLS, but encryption is switched off here.',
    step: 'Switch encryption on here, or switch TLS off in the device.',
  },
  'plain-on-tls-port': {
    title: 'The device came without encryption to port {{tlsPort}}, which takes TLS only.',
    step: 'Switch TLS on in the device. If it has none, change its port to {{port}}.',
  },
  'tls-missing': {
    title: 'The device came with TLS, but showed no certificate.',
    step: 'Make a certificate for it here and load it into the device, with its private key.',
  },
  'tls-expired': {
    title: 'The certificate of the device has ended.',
    step: 'Make a new certificate for it here and load it into the device. See also that its clock is right.',
  },
  'tls-not-yet-valid': {
    title: 'The certificate of the device is not valid yet.',
    step: 'Compare date and time of this PC and of the device: one of them is probably wrong.',
  },
  'tls-foreign': {
    title: 'The certificate of the device was issued by somebody that is not trusted here.',
    step: 'Make a certificate for it here, or import the CA that issued it with `edge-sync certificates import-ca`.',
  },
  'tls-revoked': {
    title: 'The certificate of the device was revoked here.',
    step: 'Make a new certificate for it and load it into the device.',
  },
  'tls-too-old': {
    title: 'The device knows no TLS that is secure today (TLS 1.2 or 1.3).',
    step: 'Ask its maker for an update. Until then, connect it without TLS, in a network of its own.',
  },
  'tls-distrusts-us': {
    title: 'The device does not trust the certificate of this PC.',
    step: 'Load the certificate of the issuer (the CA file that comes with the certificate) into the device as trusted.',
  },
  'tls-broken-off': {
    title: 'The device began TLS and broke it off.',
    step: 'It probably does not trust this PC: load the CA file into it as trusted. If it asks for a name, enter the address of this PC.',
  },
  'no-common-class': {
    title: 'The device was let in, but none of what it wants to send is accepted: {{kinds}}.',
    step: 'Look at “Kinds of images not accepted” and allow them for this device, or widen what it may send.',
  },
  'no-common-syntax': {
    title:
      'The device was let in, but offers its images only in a coding that is not stored here: {{syntaxes}}.',
    step: 'In the device, choose “Explicit VR Little Endian” or “Implicit VR Little Endian” (no compression) as transfer syntax.',
  },
  'some-classes-refused': {
    title: 'Part of what the device wants to send is not accepted: {{kinds}}.',
    step: 'Allow these kinds for the device if it needs them. The others are received.',
  },
  'some-syntaxes-refused': {
    title: 'Part of its images are offered only in a coding that is not stored here: {{kinds}}.',
    step: 'In the device, choose a transfer syntax without compression for them. The others are received.',
  },
  'image-refused': {
    title: 'An image was not accepted ({{reason}}).',
    step: 'See the failures on the overview for what to do about it, then send the image again.',
  },
  'aborted-by-device': {
    title: 'The device broke the connection off by itself ({{reason}}).',
    step: 'Look into the log of the device: often it misses a service that it insists on. Then let it try again.',
  },
  'pdu-too-long': {
    title: 'The device sends larger pieces than were agreed on (maximum PDU size).',
    step: 'In the device, set the maximum PDU size to 16384, or to 131072 at most.',
  },
  'pdu-too-small': {
    title: 'The device allows pieces that are too small for any data (maximum PDU size).',
    step: 'In the device, set the maximum PDU size to 16384 or more.',
  },
  protocol: {
    title: 'The device broke the rules of the DICOM protocol ({{reason}}).',
    step: 'Let it try again. If it stays so, tell its maker what stands here.',
  },
  'not-dicom': {
    title: 'Something connected that does not speak DICOM.',
    step: 'See what was set up there: another program or a device with another protocol may use this address and port.',
  },
  'hung-up': {
    title: 'Something connected and closed without a word. The network path works.',
    step: 'That is what a port test or a ping of the device looks like. Let it do its DICOM echo now.',
  },
  silent: {
    title: 'Something connected and then said nothing.',
    step: 'If it is the device, it may wait for something on its own screen. Let it try again.',
  },
  lost: {
    title: 'The connection was lost in the middle.',
    step: 'See cable and Wi-Fi of the device, then let it try again.',
  },
  stalled: {
    title: 'The device stopped in the middle, and was disconnected after a while.',
    step: 'Let it try again. If it stays so, see the network between the device and this PC.',
  },
} as const satisfies Readonly<Record<FindingCode, FindingText>>;

/** With the values in their places. */
export function findingText({ code, values }: Pick<Finding, 'code' | 'values'>): FindingText {
  const { title, step } = diagnosisText[code];
  return { title: filled(title, values), step: filled(step, values) };
}

function filled(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{\{(\w+)\}\}/g, (_whole, name: string) => values[name] ?? '');
}
