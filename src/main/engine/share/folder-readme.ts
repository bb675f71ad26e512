/** What stands beside the files that were sealed to a certificate. No patient data: it may lie anywhere. */
import type { CertificateFacts } from './recipient.ts';

/** One object; the part behind || matters: OpenSSL writes before it has checked (docs/sealed-object.md). */
export const openLine =
  'openssl cms -decrypt -binary -inform DER -in X.cms -inkey YOUR-KEY.pem -recip recipient.crt -out X.dcm || { rm -f X.dcm; false; }';

/** All of them, in a POSIX shell, from inside the folder. */
export const openAllLine =
  'for f in *.cms; do openssl cms -decrypt -binary -inform DER -in "$f" -inkey YOUR-KEY.pem -recip recipient.crt -out "${f%.cms}.dcm" || rm -f "${f%.cms}.dcm"; done; sha256sum -c SHA256SUMS';

export function folderReadme(options: {
  readonly practice: string;
  readonly certificate: CertificateFacts;
  readonly images: readonly unknown[];
}): string {
  const { practice, certificate, images } = options;
  return `A DICOM study, sealed${practice === '' ? '' : ` by ${practice}`}

${images.length} image${images.length === 1 ? '' : 's'}. Each .cms file is CMS AuthEnvelopedData (RFC 5083, AES-256-GCM) with one DICOM file inside.
They open with the private key of this certificate alone:

  ${certificate.subject}
  SHA-256 ${certificate.sha256}
  (recipient.crt in this folder)

To open one file with OpenSSL 3 (Linux, macOS, Windows with Git Bash), YOUR-KEY.pem being your private key:

  ${openLine}

To open all of them, and compare them with what was sent:

  ${openAllLine}

Keep what is opened only where the last command says OK for every file: it finds a file that is damaged or missing.
Who sealed the files is not proven by them: anybody who has your certificate could seal something to it. If in doubt, ask
the practice to read you the SHA-256 of the file SHA256SUMS.

OpenSSL does not open a file of more than about 1.6 GB. Edge Sync's own reader does: edge-sync open FILE.
`;
}
