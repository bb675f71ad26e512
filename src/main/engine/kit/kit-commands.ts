/** The commands a kit prints. The same text stands on paper, in docs/sealed-object.md and in the tests that run it. */
import type { KitCommand } from './kit-strings.ts';

/**
 * What stays behind when a line succeeds was checked against the object's own tag: OpenSSL writes before it has
 * checked, so the part behind `||` takes the output away again.
 */
export const kitCommands: Readonly<Record<KitCommand, string>> = {
  join: 'edge-sync join --replace --words-file words.txt --secret-file secret.txt --container NAME --prefix PREFIX',
  'restore-here': 'edge-sync restore --all --to FOLDER --from-cloud',
  restore: 'edge-sync restore --all --to FOLDER --from-cloud --words-file words.txt',
  check: 'edge-sync recovery check',
  'export-key': 'edge-sync recovery export-key --words-file words.txt --out recovery.pem',
  'open-with-words': 'edge-sync open X.cms --words-file words.txt',
  'check-key': 'openssl pkey -in recovery.pem -noout -check',
  fingerprint: 'openssl pkey -in recovery.pem -pubout -outform DER | openssl dgst -sha256',
  'open-one':
    'openssl cms -decrypt -binary -inform DER -in X.cms -inkey recovery.pem -out X.dcm ||\n  { rm -f X.dcm; false; }',
  'open-one-windows':
    'openssl cms -decrypt -binary -inform DER -in X.cms -inkey recovery.pem -out X.dcm || del X.dcm',
  reader: 'node open-sealed.mjs recovery.pem X.cms X.dcm',
  'open-all': [
    'find objects -name "*.cms" | while IFS= read -r f; do',
    '  openssl cms -decrypt -binary -inform DER -in "$f" -inkey recovery.pem -out "$f.dcm" ||',
    '    { rm -f "$f.dcm"; echo "NOT OPENED: $f"; }',
    'done',
  ].join('\n'),
};
