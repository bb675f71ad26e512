/** What a typed address or range covers, however it is spelled. Pure, and the same in a browser. */

export type AddressFamily = 'ipv4' | 'ipv6';

/** `network` in its one spelling, as typed (bits beyond the prefix are not cleared). */
export interface AddressRange {
  readonly family: AddressFamily;
  readonly network: string;
  /** Of the family: 0 to 32, or 0 to 128. */
  readonly prefixBits: number;
}

export const familyBits = { ipv4: 32, ipv6: 128 } as const;
/** `::ffff:0:0/96`: IPv4 addresses as an IPv6 socket shows them (RFC 4291 2.5.5.2). */
const mappedPrefix = `${'0'.repeat(80)}${'1'.repeat(16)}`;

/**
 * A range of mapped addresses is one of IPv4. Undefined for what is neither an address nor a range, and for a range of
 * IPv6 that would hold the mapped addresses among others: it would mean every IPv4 address without saying so.
 */
export function parseAddressRange(text: string): AddressRange | undefined {
  const match = /^(?<address>[^/]+?)(?:\/(?<bits>\d{1,3}))?$/.exec(text);
  const { address = '', bits } = match?.groups ?? {};
  if (!address.includes(':')) {
    const prefixBits = bits === undefined ? 32 : Number(bits);
    return isDotted(address) && prefixBits <= 32
      ? { family: 'ipv4', network: address, prefixBits }
      : undefined;
  }
  const short = shortestSix(address.split('%', 1)[0] ?? '');
  const prefixBits = bits === undefined ? 128 : Number(bits);
  if (short === undefined || prefixBits > 128) return undefined;
  const binary = bitsOf(short);
  if (binary.startsWith(mappedPrefix) && prefixBits >= mappedPrefix.length)
    return { family: 'ipv4', network: dottedOf(binary.slice(96)), prefixBits: prefixBits - 96 };
  if (prefixBits < 96 && mappedPrefix.startsWith(binary.slice(0, prefixBits))) return undefined;
  return { family: 'ipv6', network: short, prefixBits };
}

function isDotted(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((one) => /^(0|[1-9]\d{0,2})$/.test(one) && Number(one) <= 255);
}

/** The URL parser writes IPv6 in the one form of RFC 5952 (lower case, shortest). */
function shortestSix(text: string): string | undefined {
  if (!/^[0-9a-f:.]{2,45}$/i.test(text)) return undefined;
  try {
    return new URL(`http://[${text}]`).hostname.slice(1, -1);
  } catch {
    return undefined;
  }
}

/** 128 binary digits of the shortest form. */
function bitsOf(short: string): string {
  const [head = '', tail] = short.split('::', 2);
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after]
    .map((one) => Number.parseInt(one, 16).toString(2).padStart(16, '0'))
    .join('');
}

function dottedOf(binary: string): string {
  return [0, 8, 16, 24].map((at) => Number.parseInt(binary.slice(at, at + 8), 2)).join('.');
}
