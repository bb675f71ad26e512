/** The file of a certificate, PEM (RFC 7468) or DER, as the one text the engine takes. It alone judges what is in it. */

/** The contract's limit for the text; a certificate has one or two kilobytes. */
export const longestCertificate = 16_384;

const pemStart = '-----BEGIN CERTIFICATE-----';
const pemEnd = '-----END CERTIFICATE-----';
/** ASN.1 SEQUENCE: every certificate in DER starts with it. */
const sequenceTag = 0x30;

/** The first certificate in the file as PEM; undefined when it holds none. A private key beside it is left where it is. */
export function certificateTextOf(bytes: Uint8Array): string | undefined {
  if (bytes[0] === sequenceTag) return asPem(bytes);
  const text = new TextDecoder().decode(bytes);
  const start = text.indexOf(pemStart);
  const end = text.indexOf(pemEnd, start);
  return start < 0 || end < 0 ? undefined : `${text.slice(start, end + pemEnd.length)}\n`;
}

function asPem(der: Uint8Array): string | undefined {
  const base64 = btoa(Array.from(der, (byte) => String.fromCharCode(byte)).join(''));
  const pem = `${pemStart}\n${base64.replace(/.{1,64}/g, '$&\n')}${pemEnd}\n`;
  return pem.length > longestCertificate ? undefined : pem;
}
