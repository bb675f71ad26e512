/** The bytes and numbers of the closed profile; docs/sealed-object.md explains each. */

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** Content bytes per OCTET STRING segment; only the last may be shorter. 1 MiB halves the speed of Electron's Node. */
export const segmentBytes = 256 * 1024;

/** SP 800-38D 5.2.1.1: GCM's ceiling for one message, 2^36 - 32 bytes. */
export const maxContentBytes = 2 ** 36 - 32;

/** Recipients take about 180 bytes each; a head that claims more than this is not ours. */
export const maxRecipientsBytes = 48 * 1024;
export const maxRecipients = 64;
export const maxHeadBytes = maxRecipientsBytes + 1024;

export const contentKeyBytes = 32;
/** RFC 3394: 8 bytes longer than the key inside. */
export const wrappedKeyBytes = 40;
export const nonceBytes = 12;
export const tagBytes = 16;
export const maxKeyIdBytes = 64;
export const maxUkmBytes = 64;

export const tags = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  sequence: 0x30,
  set: 0x31,
  /** [0] primitive: content in one piece. */
  content: 0x80,
  /** [0] constructed. */
  context0: 0xa0,
  context1: 0xa1,
  context2: 0xa2,
} as const;

/** End-of-contents octets (X.690 8.1.5). */
export const endOfContents = hex('0000');

/** id-ct-authEnvelopedData, 1.2.840.113549.1.9.16.1.23 (RFC 5083 2). */
export const oidAuthEnvelopedData = hex('060b 2a864886f70d0109100117');
/** id-data, 1.2.840.113549.1.7.1 (RFC 5652 4). */
export const oidData = hex('0609 2a864886f70d010701');
/** AuthEnvelopedData version 0 (RFC 5083 2.1). */
export const version0 = hex('020100');
/** AlgorithmIdentifier aes256-GCM, 2.16.840.1.101.3.4.1.46, up to the 12-byte nonce (RFC 5084 3.2). */
export const gcmBeforeNonce = hex('301e 0609 60864801650304012e 3011 040c');
/** aes-ICVlen 16: spelt out, since its default is 12. */
export const gcmAfterNonce = hex('020110');

/** KEKRecipientInfo version 4 (RFC 5652 6.2.3). */
export const version4 = hex('020104');
/** KeyAgreeRecipientInfo version 3 (RFC 5652 6.2.2). */
export const version3 = hex('020103');
/** AlgorithmIdentifier id-aes256-wrap, 2.16.840.1.101.3.4.1.45, parameters absent (RFC 3565 2.3.2). */
export const aes256Wrap = hex('300b 0609 60864801650304012d');
/** AlgorithmIdentifier dhSinglePass-stdDH-sha256kdf-scheme, 1.3.132.1.11.1, with aes256-wrap (RFC 5753 7.1.4). */
export const ecdhWithAes256Wrap = hex('3015 0606 2b8104010b01 300b 0609 60864801650304012d');

/** The originator's AlgorithmIdentifier id-ecPublicKey: absent parameters as we write them (RFC 5753 3.1.1). */
export const ecPublicKey = hex('3009 0607 2a8648ce3d0201');
/** The other two spellings that RFC 5753 allows and readers meet: NULL and the curve's name. */
export const ecPublicKeyNull = hex('300b 0607 2a8648ce3d0201 0500');
export const ecPublicKeyP256 = hex('3013 0607 2a8648ce3d0201 0608 2a8648ce3d030107');

/** BIT STRING of an uncompressed P-256 point, up to its 64 bytes (SEC 1 2.3.3). */
export const pointPrefix = hex('034200 04');
export const pointCoordinatesBytes = 64;

/** SubjectPublicKeyInfo of a P-256 key, up to the 64 bytes of the point (RFC 5480 2). */
export const p256SpkiPrefix = Buffer.concat([hex('3059'), ecPublicKeyP256, pointPrefix]);
