/* eslint max-lines: "off" -- one list, on purpose in one place */
/**
 * Every error a user or a peer can meet: one code, what it means, whether waiting helps, and the next step.
 * Messages hold no PHI: `detail` may name a setting, a host, a port or a file the user typed, never a DICOM value.
 */

/**
 * permanent: the same attempt fails again until somebody changes something.
 * transient: the same attempt may succeed later; the retry policy decides when.
 * paused: the whole destination waits (credential refused): no attempt is used up.
 */
export type Persistence = 'permanent' | 'transient' | 'paused';

export interface ErrorFacts {
  readonly persistence: Persistence;
  readonly message: string;
  readonly nextStep: string;
}

export const errorFacts = {
  // configuration
  'config-not-readable': {
    persistence: 'permanent',
    message: 'The configuration file cannot be read',
    nextStep: 'Check that the file exists and that this user may read it.',
  },
  'config-not-json': {
    persistence: 'permanent',
    message: 'The configuration file is not valid JSON',
    nextStep: 'Mend the place named, or start again from the example in the README.',
  },
  'config-unknown-key': {
    persistence: 'permanent',
    message: 'The configuration has a key that does not exist',
    nextStep: 'Remove it or correct its spelling; `edge-sync config get` lists every key.',
  },
  'config-bad-value': {
    persistence: 'permanent',
    message: 'A setting has a value that is not allowed',
    nextStep: 'Set an allowed value with `edge-sync config set KEY VALUE`.',
  },
  'settings-by-environment': {
    persistence: 'permanent',
    message:
      'This setting comes from the environment that Edge Sync is started with, so it cannot be changed here',
    nextStep: 'Change it where Edge Sync is started, or remove it there and set it here.',
  },
  'config-changed-outside': {
    persistence: 'permanent',
    message: 'The settings were changed elsewhere in the meantime, so nothing was changed here',
    nextStep:
      'Look at them as they are now (`edge-sync config list`, `edge-sync config reload`), then change them again.',
  },
  'config-no-undo': {
    persistence: 'permanent',
    message: 'There is no change of the settings that can be taken back',
    nextStep: 'Change the setting itself.',
  },
  'keys-store-in-use': {
    persistence: 'permanent',
    message: 'The keys of this installation lie in the store that is set, and a setting does not move them',
    nextStep: 'Leave the setting as it is; another store is chosen before the first start.',
  },
  'folder-not-writable': {
    persistence: 'permanent',
    message: 'Files in the folder cannot be deleted by this user, which afterImport "delete" needs',
    nextStep: 'Give the user that Edge Sync runs as write access to the folder, or choose "keep".',
  },
  'proxy-not-reachable': {
    persistence: 'transient',
    message: 'Nothing answers at the address of the proxy',
    nextStep: 'Check host and port of the proxy.',
  },
  'restart-by-hand': {
    persistence: 'permanent',
    message: 'This engine cannot start itself anew',
    nextStep: 'End it and start it again the way it was started.',
  },
  'restart-waiting': {
    persistence: 'transient',
    message: 'Changed settings do not count yet',
    nextStep: 'Restart the engine from the settings screen, or take the change back there.',
  },
  'settings-busy': {
    persistence: 'transient',
    message: 'The change cannot be made while something is under way',
    nextStep: 'Try again when it has ended; nothing was changed.',
  },
  'engine-reloading': {
    persistence: 'transient',
    message: 'Edge Sync is taking over new settings',
    nextStep: 'Try again in a moment.',
  },
  'destination-not-tested': {
    persistence: 'permanent',
    message: 'The cloud storage has not passed the live test as it is entered now, so it was not saved',
    nextStep: 'Run the live test and correct what it names.',
  },
  'destination-in-use': {
    persistence: 'permanent',
    message: 'Images have been stored under this name already, so it cannot lead to another place',
    nextStep: 'Give the new storage a name of its own; the one in use stays as it is.',
  },
  'destination-still-needed': {
    persistence: 'permanent',
    message:
      'Images still wait for this destination; without it they would count as safe though they never got there',
    nextStep:
      'Wait until it has verified them, or keep the change all the same if the images are not wanted there any more.',
  },
  'destination-dropped': {
    persistence: 'permanent',
    message: 'A required destination was taken out of the settings while images waited for it',
    nextStep:
      'Put it back in the settings if the images belong there; mark this as seen if they are not wanted there any more.',
  },
  usage: {
    persistence: 'permanent',
    message: 'The command line is not understood',
    nextStep: 'Run `edge-sync --help`.',
  },
  // engine life
  'port-taken': {
    persistence: 'permanent',
    message: 'The port is already used by another program',
    nextStep:
      'Stop the other program or choose another port in the settings (`edge-sync config set dicom.port N`).',
  },
  'port-not-allowed': {
    persistence: 'permanent',
    message: 'The address cannot be listened on',
    nextStep: 'Choose an address of this PC and a port above 1023.',
  },
  'engine-already-running': {
    persistence: 'permanent',
    message: 'Another Edge Sync engine already uses this data folder',
    nextStep: 'Use the one that runs, or give this one another folder with --data-dir.',
  },
  'engine-not-running': {
    persistence: 'permanent',
    message: 'No Edge Sync engine runs on this data folder',
    nextStep: 'Start it with `edge-sync serve` or open the app.',
  },
  'engine-starting': {
    persistence: 'transient',
    message: 'Edge Sync is starting',
    nextStep: 'Wait a moment.',
  },
  'engine-not-answering': {
    persistence: 'transient',
    message: 'The engine does not answer',
    nextStep: 'Wait a moment: it is asked again, and started anew if it stays silent.',
  },
  'engine-stopping': {
    persistence: 'transient',
    message: 'Edge Sync is being closed, so nothing is received',
    nextStep: 'Open it again to go on receiving.',
  },
  'engine-stopped': {
    persistence: 'transient',
    message: 'The engine stopped unexpectedly and is being started again',
    nextStep: 'Wait a moment; if it repeats, restart the PC and look at the log.',
  },
  'data-dir-not-writable': {
    persistence: 'permanent',
    message: 'The data folder cannot be written',
    nextStep: 'Give this user write access to it, or choose another with --data-dir.',
  },
  'database-too-new': {
    persistence: 'permanent',
    message: 'The data folder was written by a newer version of Edge Sync',
    nextStep: 'Install that version or a later one. Nothing was changed.',
  },
  'database-damaged': {
    persistence: 'permanent',
    message: 'The queue database is damaged',
    nextStep:
      'Do not delete anything; copy the data folder and ask for help. Sealed images are still in the spool.',
  },
  'database-other-key': {
    persistence: 'permanent',
    message: 'The queue database belongs to another key than the one this installation has now',
    nextStep:
      'Put back the keychain entry or key file that this data folder was made with. Nothing was changed.',
  },
  internal: {
    persistence: 'transient',
    message: 'Something unexpected went wrong inside Edge Sync',
    nextStep: 'Try again; if it repeats, send the log to support.',
  },
  // keys
  'keychain-unavailable': {
    persistence: 'permanent',
    message: 'The keychain of this PC cannot be used',
    nextStep:
      'Unlock or start the keychain (on Linux: gnome-keyring or KWallet), or set keys.store to "passphrase".',
  },
  'keychain-entry-missing': {
    persistence: 'permanent',
    message: 'The key of this installation is no longer in the keychain',
    nextStep:
      'Run `edge-sync recovery adopt` and type the recovery words: the installation goes on with a new key.',
  },
  'passphrase-missing': {
    persistence: 'permanent',
    message: 'A passphrase is needed and none was given',
    nextStep: 'Give --passphrase-file FILE or set EDGE_SYNC_PASSPHRASE.',
  },
  'passphrase-wrong': {
    persistence: 'permanent',
    message: 'The passphrase is wrong',
    nextStep: 'Try again with the passphrase this installation was made with.',
  },
  'key-file-damaged': {
    persistence: 'permanent',
    message: 'The key file of this installation is damaged',
    nextStep:
      'Put back a copy of it, or run `edge-sync recovery adopt --from-cloud` with the recovery words.',
  },
  'recovery-missing': {
    persistence: 'permanent',
    message: 'No recovery kit has been made yet',
    nextStep: 'Run `edge-sync recovery create` and keep the 24 words safe.',
  },
  'recovery-not-proven': {
    persistence: 'permanent',
    message: 'The recovery words have not been proven yet, so uploads wait',
    nextStep: 'Run `edge-sync recovery check` and type the 24 words.',
  },
  'recovery-exists': {
    persistence: 'permanent',
    message: 'A recovery kit already exists',
    nextStep: 'Use the words you have. Before they are proven, `recovery create --replace` makes new ones.',
  },
  'recovery-words-misspelt': {
    persistence: 'permanent',
    message: 'A recovery word is not in the word list',
    nextStep: 'Correct the word named and try again.',
  },
  'recovery-words-count': {
    persistence: 'permanent',
    message: 'There must be exactly 24 recovery words',
    nextStep: 'Compare with the printed kit and type all 24 words.',
  },
  'recovery-words-checksum': {
    persistence: 'permanent',
    message: 'The recovery words do not belong together',
    nextStep: 'Compare each word and its place with the printed kit; one is wrong or swapped.',
  },
  'recovery-words-other': {
    persistence: 'permanent',
    message: 'These recovery words are valid but belong to another archive',
    nextStep: 'Use the kit of this installation; compare the fingerprint printed on it.',
  },
  'recovery-words-replaced': {
    persistence: 'permanent',
    message: 'These recovery words were replaced by newer ones',
    nextStep: 'Use the newest kit; compare the fingerprint printed on it with `edge-sync keys status`.',
  },
  'recovery-replacing': {
    persistence: 'permanent',
    message: 'New recovery words have been made already and wait to be proven',
    nextStep:
      'Run `edge-sync recovery check` with the new words; `recovery replace --again` makes other ones, `--cancel` keeps the old.',
  },
  'recovery-not-replacing': {
    persistence: 'permanent',
    message: 'No replacement of the recovery words is under way',
    nextStep: 'Nothing to do.',
  },
  'keys-in-order': {
    persistence: 'permanent',
    message: 'The keys of this installation are in order, so there is nothing to adopt',
    nextStep: 'Start Edge Sync as usual.',
  },
  'keys-exist': {
    persistence: 'permanent',
    message: 'This data folder has keys or images of its own already, so it cannot join another archive',
    nextStep:
      'Give an empty folder with --data-dir. For lost keys of this folder run `edge-sync recovery adopt`.',
  },
  'passphrase-not-used': {
    persistence: 'permanent',
    message: 'This installation keeps its key in the keychain, so there is no passphrase to change',
    nextStep: 'Nothing to do; `edge-sync keys rotate-device` makes a new device key.',
  },
  'passphrase-weak': {
    persistence: 'permanent',
    message: 'The passphrase is too easy to guess',
    nextStep: 'Choose at least 12 characters, for example five words that do not belong together.',
  },
  'recipient-exists': {
    persistence: 'permanent',
    message: 'New images are sealed to this certificate or under this name already',
    nextStep: 'Look at `edge-sync recipients list`.',
  },
  'recipient-unknown': {
    persistence: 'permanent',
    message: 'There is no such recipient',
    nextStep: 'Look at `edge-sync recipients list`.',
  },
  'recipient-too-many': {
    persistence: 'permanent',
    message: 'There are as many recipients as an image has room for',
    nextStep: 'Remove one with `edge-sync recipients remove`.',
  },
  'recovery-check-due': {
    persistence: 'permanent',
    message: 'The recovery words were not tried for more than 90 days',
    nextStep: 'Take the kit from its place and run `edge-sync recovery check`.',
  },
  'recovery-drill-failed': {
    persistence: 'permanent',
    message: 'The recovery drill could not open an image of the cloud',
    nextStep:
      'The words are right, the image is not: run `edge-sync verify --all`, which finds what is damaged and mends it where it can.',
  },
  'recovery-share-count': {
    persistence: 'permanent',
    message: 'Two different shares of the recovery kit are needed',
    nextStep: 'Type the mark and the 25 words of one share, then those of another.',
  },
  'recovery-share-checksum': {
    persistence: 'permanent',
    message: 'The words of a share do not belong together',
    nextStep: 'Compare each word and its place with the printed share; one is wrong or swapped.',
  },
  'recovery-share-mismatch': {
    persistence: 'permanent',
    message: 'The shares belong to different recovery kits',
    nextStep: 'Use shares whose marks end with the same eight characters.',
  },
  'certificate-unusable': {
    persistence: 'permanent',
    message: 'The certificate cannot be used to seal images',
    nextStep: 'Choose an X.509 certificate in PEM form with an elliptic-curve key on P-256.',
  },
  // sharing
  'share-no-place': {
    persistence: 'permanent',
    message: 'No place for shared studies is set up',
    nextStep:
      'Set `sharing.container` to a container of its own and store its credential with `edge-sync share credential`; see docs/sharing.md.',
  },
  'share-place-unfit': {
    persistence: 'permanent',
    message: 'Studies cannot be shared through this place',
    nextStep: 'Use a container, and better an account, of its own for shares; see docs/sharing.md.',
  },
  'share-browsers-refused': {
    persistence: 'permanent',
    message: 'The place for shares does not let browsers read, so no viewer could open a link',
    nextStep:
      'Run `edge-sync share check --allow-browsers`, or set the CORS rule that docs/sharing.md names.',
  },
  'share-study-unknown': {
    persistence: 'permanent',
    message: 'No image of this study is known here',
    nextStep: 'Compare the Study Instance UID.',
  },
  'share-too-large': {
    persistence: 'permanent',
    message: 'The study has too many images for one share',
    nextStep: 'Hand it over as files instead: `edge-sync restore --study UID --to DIR`.',
  },
  'share-expiry-not-allowed': {
    persistence: 'permanent',
    message: 'A link lives from 1 hour to 90 days',
    nextStep: 'Give the time as in --expires 12h or --expires 7d.',
  },
  'share-passcode-weak': {
    persistence: 'permanent',
    message: 'The passcode is too easy to guess',
    nextStep: 'Take a longer one, or let Edge Sync make one.',
  },
  'share-recipient-not-confirmed': {
    persistence: 'permanent',
    message: 'The certificate of the recipient was not confirmed',
    nextStep:
      'Compare its fingerprint with the recipient by phone, then confirm it, or give it with --fingerprint.',
  },
  'share-unknown': {
    persistence: 'permanent',
    message: 'There is no such share',
    nextStep: 'Look at `edge-sync share list`.',
  },
  'share-not-deleted': {
    persistence: 'transient',
    message: 'A shared study that is over could not be deleted from the cloud yet',
    nextStep: 'It is tried again; check the connection and the credential with `edge-sync share check`.',
  },
  'share-viewer-missing': {
    persistence: 'permanent',
    message: 'The viewer page is not part of this installation',
    nextStep: 'Install Edge Sync again, or build it with `npm run build`.',
  },
  // certificates and TLS
  'certificate-import-unusable': {
    persistence: 'permanent',
    message: 'The certificate or its private key cannot be used',
    nextStep: 'Give certificates in PEM, from the one itself up to its root, and the key that belongs to it.',
  },
  'certificate-request-unusable': {
    persistence: 'permanent',
    message: 'The certificate request cannot be signed',
    nextStep:
      'Make a request (PKCS#10, PEM) with an ECDSA P-256 or RSA 2048 key on the device, or issue certificate and key here.',
  },
  'certificate-not-found': {
    persistence: 'permanent',
    message: 'There is no such certificate here',
    nextStep: 'Look at `edge-sync certificates list`.',
  },
  'certificate-exists': {
    persistence: 'permanent',
    message: 'The certificate is here already',
    nextStep: 'Nothing to do; `edge-sync certificates list` shows it.',
  },
  'certificate-expires-soon': {
    persistence: 'permanent',
    message: 'A certificate ends soon',
    nextStep:
      'Renew it under “Devices and access” (or with `edge-sync certificates renew`), and put the new one on the device.',
  },
  'certificate-expired': {
    persistence: 'permanent',
    message: 'A certificate has ended, so the device cannot connect with it',
    nextStep:
      'Renew it under “Devices and access” (or with `edge-sync certificates renew`), or revoke it when the device is gone.',
  },
  'revocation-list-old': {
    persistence: 'permanent',
    message: 'The list of revoked certificates of a CA is out of date',
    nextStep: 'Fetch the newest list of that CA and import it with `edge-sync certificates import-crl`.',
  },
  'tls-on-plain-port': {
    persistence: 'permanent',
    message: 'A device speaks TLS on the port without encryption',
    nextStep: 'Set the device to the TLS port (dicom.tls.port), and switch dicom.tls.enabled on.',
  },
  'plain-on-tls-port': {
    persistence: 'permanent',
    message: 'A device speaks without encryption on the TLS port',
    nextStep: 'Switch TLS on at the device, or set it to the plain port and pair it as a device without TLS.',
  },
  'tls-certificate-missing': {
    persistence: 'permanent',
    message: 'A device connected over TLS and showed no certificate',
    nextStep:
      'Make one under “Devices and access” (or with `edge-sync certificates issue`), and set the device to authenticate itself with it.',
  },
  'tls-certificate-expired': {
    persistence: 'permanent',
    message: 'A device was refused: its certificate is out of date',
    nextStep: 'Renew its certificate; if it is a new one, check date and time of this PC.',
  },
  'tls-certificate-revoked': {
    persistence: 'permanent',
    message: 'A device was refused: its certificate was revoked',
    nextStep: 'Find out who still uses it; give the device a new one if it is yours.',
  },
  'tls-certificate-foreign': {
    persistence: 'permanent',
    message: 'A device was refused: its certificate is not from a trusted issuer',
    nextStep: 'Issue one here, or import the CA that issued it with `edge-sync certificates import-ca`.',
  },
  'tls-too-old': {
    persistence: 'permanent',
    message: 'A device was refused: it speaks TLS too old or with weak encryption only',
    nextStep:
      'Switch TLS 1.2 or 1.3 on at the device; if it has neither, pair it as a device without TLS on a protected network.',
  },
  'tls-peer-untrusted': {
    persistence: 'permanent',
    message: 'The other DICOM node and this one do not trust each other’s certificates',
    nextStep: 'Check --ca, --cert and --key, or the certificate of the pairing.',
  },
  // sealed objects
  'object-format': {
    persistence: 'permanent',
    message: 'The file is not a sealed object of Edge Sync',
    nextStep: 'Choose a .cms file that Edge Sync wrote.',
  },
  'object-tampered': {
    persistence: 'permanent',
    message: 'The sealed object was changed or damaged after it was sealed',
    nextStep: 'Do not use it; restore another copy, and tell the administrator.',
  },
  'object-truncated': {
    persistence: 'permanent',
    message: 'The sealed object is cut short',
    nextStep: 'Fetch it again; if it stays short, restore another copy.',
  },
  'object-no-recipient': {
    persistence: 'permanent',
    message: 'The sealed object was not sealed for this key',
    nextStep: 'Use the key or the words of the archive it belongs to.',
  },
  'object-mismatch': {
    persistence: 'permanent',
    message: 'The object opens, but its content is not what its name promises',
    nextStep: 'Do not use it; restore another copy, and tell the administrator.',
  },
  'object-missing': {
    persistence: 'permanent',
    message: 'The object is not where it should be',
    nextStep: 'Run `edge-sync verify` and restore or send the image again.',
  },
  'not-on-this-pc': {
    persistence: 'permanent',
    message: 'The image was stored before this destination was added and is no longer on this PC',
    nextStep:
      'Keep the destination that has it in the settings and try again: it is copied from there. Or send it again.',
  },
  'copy-source-unreachable': {
    persistence: 'transient',
    message: 'Images wait to be copied from another destination, which cannot be read right now',
    nextStep: 'Nothing is lost and copying goes on by itself. Look at that other destination if it lasts.',
  },
  'copy-source-damaged': {
    persistence: 'permanent',
    message: 'An image was not copied to a new destination: what the other one has of it is damaged or gone',
    nextStep:
      'Nothing damaged was copied. Run `edge-sync verify`; if no good copy is found, send the study again.',
  },
  // DICOM input
  'not-dicom': {
    persistence: 'permanent',
    message: 'The file is not DICOM',
    nextStep: 'Leave it out, or export it again from the device as DICOM.',
  },
  'dicom-truncated': {
    persistence: 'permanent',
    message: 'The DICOM data is cut short',
    nextStep: 'Send or copy the image again from the device.',
  },
  'dicom-unreadable': {
    persistence: 'permanent',
    message: 'The DICOM data cannot be read far enough to identify the image',
    nextStep: 'Send it again; if it repeats, ask the vendor of the device.',
  },
  'dicom-mismatch': {
    persistence: 'permanent',
    message: 'The image is not the one that was announced',
    nextStep: 'Send it again; if it repeats, ask the vendor of the device.',
  },
  'dicom-class-refused': {
    persistence: 'permanent',
    message: 'This kind of DICOM object is not accepted',
    nextStep: 'Send images and reports only; DICOMDIR and private objects stay on the medium.',
  },
  'dicom-class-not-allowed': {
    persistence: 'permanent',
    message: 'The pairing of this device does not allow this kind of image',
    nextStep: 'Allow the class for the device under its pairing, then send again.',
  },
  'dicom-class-unknown': {
    persistence: 'permanent',
    message: 'A device wants to send a kind of object that is not known here',
    nextStep:
      'Allow it for the device if you want it stored, or dismiss it: `edge-sync devices classes` lists them.',
  },
  'dicom-syntax-refused': {
    persistence: 'permanent',
    message: 'This transfer syntax is not accepted',
    nextStep: 'Set the device to an uncompressed or lossless syntax.',
  },
  'file-needs-attention': {
    persistence: 'permanent',
    message: 'Files in watched folders could not be taken in',
    nextStep: 'Run `edge-sync attention`: it says which and why. Nothing was deleted or moved.',
  },
  'medium-incomplete': {
    persistence: 'transient',
    message: 'Files that the directory of a medium (DICOMDIR) names are missing',
    nextStep: 'Copy the whole CD or stick again; what is there has been taken in.',
  },
  'file-not-deleted': {
    persistence: 'transient',
    message: 'Files whose images are safe cannot be deleted from a watched folder',
    nextStep: 'Let this user delete there, or set afterImport of the folder to "keep".',
  },
  'file-not-readable': {
    persistence: 'permanent',
    message: 'The file or folder cannot be read',
    nextStep: 'Check that it exists and that this user may read it.',
  },
  'file-exists': {
    persistence: 'permanent',
    message: 'A file with this name exists already',
    nextStep: 'Choose another name; nothing was overwritten.',
  },
  'file-not-writable': {
    persistence: 'permanent',
    message: 'The file cannot be written',
    nextStep: 'Check the folder and that this user may write there.',
  },
  'folder-not-reachable': {
    persistence: 'transient',
    message: 'A watched folder cannot be reached',
    nextStep: 'Check the network drive; watching goes on by itself when it is back.',
  },
  'association-aborted': {
    persistence: 'transient',
    message: 'A device broke off while it was sending',
    nextStep: 'Send the study again from the device; nothing incomplete was kept.',
  },
  'association-refused': {
    persistence: 'permanent',
    message: 'A device was refused',
    nextStep:
      'Pair the device if it is yours (`edge-sync devices callers` shows it); otherwise find out who it is.',
  },
  'association-limit': {
    persistence: 'transient',
    message: 'A device that may send was turned away: too many associations are open',
    nextStep:
      'Find out which device keeps associations open; if all are needed, raise dicom.maxAssociations.',
  },
  'pairing-not-valid': {
    persistence: 'permanent',
    message: 'The pairing is not complete or not allowed',
    nextStep: 'Correct the part named.',
  },
  'pairing-exists': {
    persistence: 'permanent',
    message: 'Another pairing already has this AE title and this address or certificate',
    nextStep: 'Change that one, or remove it first.',
  },
  'pairing-too-many': {
    persistence: 'permanent',
    message: 'There are as many pairings or allowed classes as there can be',
    nextStep: 'Remove some that are no longer used.',
  },
  'device-unknown': {
    persistence: 'permanent',
    message: 'This device is not paired',
    nextStep: 'List the pairings anew; it may have been removed.',
  },
  'caller-unknown': {
    persistence: 'permanent',
    message: 'This caller is no longer in the list',
    nextStep: 'List the callers anew; let the device try again if it is missing.',
  },
  'caller-wrong-title': {
    persistence: 'permanent',
    message: 'The device calls another AE title than the one of this PC',
    nextStep:
      'Enter the AE title of this PC in the device (`edge-sync devices connection` shows it) and let it try again.',
  },
  'caller-downgrade': {
    persistence: 'permanent',
    message: 'The device is paired for encrypted connections and came without encryption',
    nextStep: 'Turn TLS on in the device again. To give up encryption for it, change its pairing.',
  },
  'class-unknown': {
    persistence: 'permanent',
    message: 'This class is no longer in the list',
    nextStep: 'List the classes anew; let the device try again if it is missing.',
  },
  'listen-on-all': {
    persistence: 'permanent',
    message: 'Listening on every interface at once is not allowed',
    nextStep: 'Choose one address or interface: `edge-sync devices addresses` lists them.',
  },
  'interface-missing': {
    persistence: 'transient',
    message: 'The network interface to listen on is not there or has no address',
    nextStep:
      'Check the cable or the Wi-Fi; receiving goes on by itself. `edge-sync devices addresses` lists what there is.',
  },
  'address-missing': {
    persistence: 'transient',
    message: 'The address to listen on is not one of this PC right now',
    nextStep:
      'Check the network; receiving goes on by itself when the address is back. Where addresses change, choose the interface instead: `edge-sync devices addresses`.',
  },
  'public-address-refused': {
    persistence: 'permanent',
    message: 'The address to listen on can be reached from the whole internet',
    nextStep:
      'Choose an address of the local network: `edge-sync devices addresses`. If it must be this one, set dicom.allowPublicAddress to true.',
  },
  'public-address': {
    persistence: 'permanent',
    message: 'Edge Sync listens on an address that can be reached from the whole internet',
    nextStep: 'Listen on an address of the local network as soon as you can: `edge-sync devices addresses`.',
  },
  'device-plain': {
    persistence: 'permanent',
    message: 'The device sends without encryption: anyone on this network can read what it sends',
    nextStep: 'Turn on TLS in the device if it can, and pair it with its certificate.',
  },
  'uid-conflict': {
    persistence: 'permanent',
    message: 'Two different images carry the same identity; both were kept',
    nextStep: 'Look at both in the study and tell the vendor of the device.',
  },
  'disk-full': {
    persistence: 'transient',
    message: 'The disk has too little free space to receive images',
    nextStep: 'Free space on the disk; receiving goes on by itself.',
  },
  'disk-low': {
    persistence: 'transient',
    message: 'The disk is filling up',
    nextStep: 'Free space on the disk soon, before images have to be refused.',
  },
  'disk-error': {
    persistence: 'transient',
    message: 'The disk could not be read or written',
    nextStep: 'Check the disk; the image was not accepted.',
  },
  // peers
  'peer-unreachable': {
    persistence: 'transient',
    message: 'The other DICOM node cannot be reached',
    nextStep: 'Check address, port and firewall, and that the node is on.',
  },
  'peer-refused': {
    persistence: 'permanent',
    message: 'The other DICOM node refused',
    nextStep: 'Check the AE titles and what the node accepts.',
  },
  'peer-timeout': {
    persistence: 'transient',
    message: 'The other DICOM node did not answer in time',
    nextStep: 'Try again; if it repeats, check the node.',
  },
  'commitment-failed': {
    persistence: 'permanent',
    message: 'A device asked whether its images are safe, and for some of them the answer was no',
    nextStep: 'Do not delete them on the device: send them again, and look at the failures below.',
  },
  'commitment-refused': {
    persistence: 'transient',
    message: 'A device asked about more images at once than Edge Sync takes, and was told no',
    nextStep: 'Do not delete them on the device: let it ask again later, in smaller groups.',
  },
  'commitment-undelivered': {
    persistence: 'permanent',
    message: 'A device could not be told for a week what became of its images',
    nextStep: 'Check the commitment address of the device in its pairing, and let the device ask again.',
  },
  // cloud
  'cloud-secret-missing': {
    persistence: 'paused',
    message: 'The credential of the destination is not stored on this PC',
    nextStep: 'Store it with `edge-sync config set secret.NAME` or set EDGE_SYNC_SECRET_NAME.',
  },
  'cloud-secret-malformed': {
    persistence: 'paused',
    message: 'The credential of the destination is not one of its kind',
    nextStep: 'Copy the whole credential again from where it was made.',
  },
  'cloud-auth': {
    persistence: 'paused',
    message: 'The cloud refused the credential',
    nextStep: 'Check that the key is current and allowed to write, and store it again.',
  },
  'cloud-clock-skew': {
    persistence: 'paused',
    message: 'The clock of this PC is wrong, so the cloud refuses the credential',
    nextStep: 'Set the date and time of the PC to automatic.',
  },
  'cloud-host-unknown': {
    persistence: 'transient',
    message: 'The address of the cloud cannot be found',
    nextStep: 'Check the account name and the internet connection.',
  },
  'alert-not-sent': {
    persistence: 'transient',
    message: 'An alert could not be sent',
    nextStep: 'Check the settings under alerts with `edge-sync alerts test`; it is tried again by itself.',
  },
  'alert-refused': {
    persistence: 'permanent',
    message: 'The mail server does not accept the name or the password',
    nextStep:
      'Store the right password with `edge-sync config set secret.smtp`, or correct alerts.email.user.',
  },
  'alert-secret-missing': {
    persistence: 'permanent',
    message: 'The password of the mail account is not stored',
    nextStep: 'Store it with `edge-sync config set secret.smtp`.',
  },
  'alerts-not-set': {
    persistence: 'permanent',
    message: 'Nobody is told by mail or webhook: neither is set',
    nextStep: 'Set alerts.email or alerts.webhook; docs/alerts.md shows how.',
  },
  'cloud-unreachable': {
    persistence: 'transient',
    message: 'The cloud cannot be reached',
    nextStep: 'Check the internet connection; uploads go on by themselves.',
  },
  'cloud-container-missing': {
    persistence: 'paused',
    message: 'The container does not exist in the cloud account',
    nextStep: 'Create the container, or correct its name in the configuration.',
  },
  'cloud-throttled': {
    persistence: 'transient',
    message: 'The cloud asks to go slower',
    nextStep: 'Nothing to do; uploads go on by themselves.',
  },
  'cloud-server-error': {
    persistence: 'transient',
    message: 'The cloud had an error of its own',
    nextStep: 'Nothing to do; uploads go on by themselves.',
  },
  'cloud-checksum': {
    persistence: 'transient',
    message: 'The cloud received something other than was sent',
    nextStep: 'Nothing to do; it is sent again. If it repeats, check the network.',
  },
  'cloud-conflict': {
    persistence: 'permanent',
    message: 'The cloud already holds another object under this name',
    nextStep: 'Nothing was overwritten. Tell the administrator.',
  },
  'cloud-refused': {
    persistence: 'permanent',
    message: 'The cloud refused the request',
    nextStep: 'Look at the detail and the settings of the account.',
  },
  'cloud-copy-missing': {
    persistence: 'permanent',
    message: 'An image that was verified is not in the cloud any more',
    nextStep: 'Leave this PC running: it looks for a good copy and uploads it again.',
  },
  'cloud-copy-damaged': {
    persistence: 'permanent',
    message: 'An image that was verified is damaged or changed in the cloud',
    nextStep: 'Leave this PC running: it looks for a good copy and uploads it again.',
  },
  'cloud-copy-mending': {
    persistence: 'permanent',
    message: 'A cloud copy was missing or damaged and is being replaced by a good one',
    nextStep: 'Leave this PC running until it is done.',
  },
  'cloud-copy-mended': {
    persistence: 'permanent',
    message: 'A cloud copy was missing or damaged; a good one was stored beside it',
    nextStep: 'Ask who may delete or change objects in the cloud storage; switch on immutability there.',
  },
  'cloud-copy-lost': {
    persistence: 'permanent',
    message: 'An image has no good copy left in the cloud or on this PC',
    nextStep:
      'Send the study again from the device, or have the cloud provider undelete the object, then run `edge-sync verify`.',
  },
  'cloud-full': {
    persistence: 'paused',
    message: 'The destination has no free space left',
    nextStep: 'Make room there or raise its quota; uploads go on by themselves.',
  },
  'cloud-region': {
    persistence: 'paused',
    message: 'The bucket is in another region than the one that is set',
    nextStep: 'Set the region of the destination to that of the bucket.',
  },
  'cloud-overwrites': {
    persistence: 'paused',
    message: 'The service overwrites objects although it is told not to, so uploads wait',
    nextStep:
      'Turn on versioning for the bucket and set createOnly of the destination to "by-versioning", or use another service. See docs/cloud-setup.md.',
  },
  'cloud-folder-denied': {
    persistence: 'paused',
    message: 'The folder of the destination may not be read or written by this user',
    nextStep: 'Give the user that Edge Sync runs as read and write access to the folder or share.',
  },
  'pacs-refused': {
    persistence: 'permanent',
    message: 'The PACS refused the image',
    nextStep: 'Look at the failure reason in the detail with the administrator of the PACS, then try again.',
  },
  'pacs-too-large': {
    persistence: 'permanent',
    message: 'The PACS does not take images as large as this',
    nextStep: 'Have its limit for requests raised, then try again.',
  },
  'pacs-no-room': {
    persistence: 'transient',
    message: 'The PACS has no room or is out of resources',
    nextStep: 'Make room there; uploads go on by themselves.',
  },
  'pacs-no-service': {
    persistence: 'paused',
    message: 'The address of the PACS is not that of a DICOMweb service',
    nextStep: 'Correct `url` of the destination: what comes before /studies.',
  },
  'pacs-untrusted': {
    persistence: 'paused',
    message: 'The certificate of the PACS is not trusted',
    nextStep:
      'Name a file with the certificate of its authority as `authorityFile` of the destination, or have its certificate renewed.',
  },
  'pacs-certificate-file': {
    persistence: 'paused',
    message: 'A certificate file of the destination cannot be used',
    nextStep: 'Correct `certificateFile` or `authorityFile` of the destination; both are PEM files.',
  },
  'pacs-copy-missing': {
    persistence: 'transient',
    message: 'The PACS took the image but does not have it',
    nextStep: 'Nothing to do; it is sent again. If it repeats, ask the administrator of the PACS.',
  },
  'pacs-copy-differs': {
    persistence: 'permanent',
    message: 'The PACS holds something else under the UID of this image, or has changed it',
    nextStep:
      'Compare the image there. If the PACS changes what it stores and that is accepted, set `proof` of the destination to "listed".',
  },
  'pacs-copy-unproven': {
    persistence: 'permanent',
    message: 'The PACS lists the image but does not give it back for comparison',
    nextStep: 'Allow the credential to retrieve (WADO-RS), or set `proof` of the destination to "listed".',
  },
  'destination-changed': {
    persistence: 'paused',
    message: 'This name belonged to another place before, and its images count as stored there',
    nextStep: 'Give the new place a name of its own in the settings.',
  },
  'destination-not-archive': {
    persistence: 'permanent',
    message: 'This destination is a PACS: it holds no sealed images, lists or keys',
    nextStep: 'Choose a destination of kind azure, s3 or folder.',
  },
  'entra-sign-in-needed': {
    persistence: 'paused',
    message: 'Nobody is signed in to Entra for this destination, or the sign-in has ended',
    nextStep: 'Sign in on the page, or with `edge-sync entra sign-in NAME`, and follow what it says.',
  },
  'entra-consent-needed': {
    persistence: 'paused',
    message: 'Entra wants an administrator to allow this app first',
    nextStep:
      'Have an administrator grant consent to the app in the Entra portal, then sign in on the page or with `edge-sync entra sign-in NAME`.',
  },
  'entra-sign-in-ended': {
    persistence: 'permanent',
    message: 'The sign-in was not finished in time or was declined',
    nextStep:
      'Sign in again, on the page or with `edge-sync entra sign-in NAME`, and enter the new code within 15 minutes.',
  },
  'entra-not-allowed': {
    persistence: 'permanent',
    message: 'Entra does not let this app or account sign in this way',
    nextStep:
      'Check tenantId and clientId, that the app allows public client flows, and the conditional access rules of the tenant.',
  },
  'proxy-script-unreadable': {
    persistence: 'transient',
    message: 'The script that chooses the proxy (PAC) could not be read',
    nextStep:
      'Check network.proxy.pac: the file or the address must be there and at most 256 KiB long. It is tried again by itself.',
  },
  'proxy-script-failed': {
    persistence: 'transient',
    message: 'The script that chooses the proxy (PAC) gave no usable answer',
    nextStep:
      'Ask who keeps the script at network.proxy.pac, or enter the proxy itself: network.proxy.mode manual. It is tried again by itself.',
  },
  'proxy-refused': {
    persistence: 'paused',
    message: 'The proxy between this PC and the cloud refused',
    nextStep: 'Check the settings under network.proxy and the credential stored as secret.proxy.',
  },
  'manifest-broken': {
    persistence: 'permanent',
    message: 'The list of what is stored in the cloud is damaged or was changed',
    nextStep: 'Restore goes on with what can be proven; tell the administrator.',
  },
  'archive-key-missing': {
    persistence: 'permanent',
    message: 'The archive key is not in this cloud container',
    nextStep: 'Check account, container and prefix against the recovery kit.',
  },
  'audit-trail-broken': {
    persistence: 'permanent',
    message: 'The audit trail on this PC is not as it was written: entries were changed, removed or cut off',
    nextStep:
      'Run `edge-sync audit verify` to see where, keep a copy of the data folder, and find out who could change it. Images are not concerned.',
  },
  'audit-export-broken': {
    persistence: 'permanent',
    message: 'The export of the audit trail is not as it was written',
    nextStep: 'Take another copy of it; `edge-sync audit verify` without --against checks the trail itself.',
  },
  // backup of the settings, and joining an archive
  'backup-broken': {
    persistence: 'permanent',
    message: 'A backup of the settings in the cloud is damaged, or was not made by this archive',
    nextStep: 'The newest one that proves itself is used instead; look at its number and date.',
  },
  'backup-missing': {
    persistence: 'permanent',
    message: 'There is no backup of the settings to take over',
    nextStep: 'Join with --new: keys and images come back, settings and pairings are entered again.',
  },
  'backup-late': {
    persistence: 'transient',
    message: 'Settings, pairings and certificates have not been backed up to the cloud for a day',
    nextStep: 'Look at the destination with `edge-sync config check`; it is tried again by itself.',
  },
  'join-choose': {
    persistence: 'permanent',
    message: 'Several installations have written to this place',
    nextStep: 'Name one with --installation ID, or begin without their settings with --new.',
  },
  'join-not-fresh': {
    persistence: 'permanent',
    message: 'This data folder holds an installation already',
    nextStep: 'Give another folder with --data-dir, or move this one away; nothing was changed.',
  },
  'join-unfinished': {
    persistence: 'permanent',
    message: 'Joining the archive was not finished on this PC',
    nextStep: 'Run the same `edge-sync join` again: it goes on where it stopped.',
  },
  'archive-key-conflict': {
    persistence: 'paused',
    message: 'The archive key in this cloud container is not the one of this recovery kit, so uploads wait',
    nextStep: 'Do not delete anything. Use an empty prefix for this installation, or ask for help.',
  },
  // status
  'not-listening': {
    persistence: 'transient',
    message: 'Devices cannot reach Edge Sync on this PC',
    nextStep: 'Start Edge Sync again; if it repeats, look at the log.',
  },
  'no-destination': {
    persistence: 'permanent',
    message: 'No cloud storage is set up, so images stay on this PC only',
    nextStep: 'Add a destination to the configuration.',
  },
  'uploads-paused': {
    persistence: 'paused',
    message: 'Uploads were paused for a time; receiving goes on',
    nextStep: 'They go on by themselves; `edge-sync uploads resume` ends the pause now.',
  },
  'uploads-outside-window': {
    persistence: 'paused',
    message: 'Uploads wait for the time of day that the settings allow; receiving goes on',
    nextStep: 'They go on by themselves. The times stand in upload.windows.',
  },
  'uploads-metered': {
    persistence: 'paused',
    message: 'This network costs by the byte, so uploads wait; receiving goes on',
    nextStep: 'Connect to another network, or set upload.pauseOnMetered to false.',
  },
  'pending-too-long': {
    persistence: 'transient',
    message: 'Images have waited longer than they should for their upload',
    nextStep: 'Look at the destination below; the images are safe on this PC.',
  },
  'proof-stale': {
    persistence: 'transient',
    message: 'No upload has been proven for more than a day',
    nextStep: 'Look at the destination below.',
  },
  // one study and its pictures
  'study-unknown': {
    persistence: 'permanent',
    message: 'This study is not known on this PC',
    nextStep: 'Look for it in the list of studies; a study of another PC is restored there.',
  },
  'preview-hidden': {
    persistence: 'permanent',
    message: 'The time for showing this study is over, so its images are hidden again',
    nextStep: 'Show it again; each time is recorded.',
  },
  'preview-not-here': {
    persistence: 'permanent',
    message: 'The copy of this image on this PC has made room after it was verified',
    nextStep: 'Fetch it from the cloud to look at it.',
  },
  'preview-not-shown': {
    persistence: 'permanent',
    message: 'This kind of image cannot be shown here',
    nextStep: 'It is stored as it came. Restore the study and open it in a DICOM viewer.',
  },
  'preview-too-large': {
    persistence: 'permanent',
    message: 'This image is too large to be shown here',
    nextStep: 'It is stored as it came. Restore the study and open it in a DICOM viewer.',
  },
  'preview-damaged': {
    persistence: 'permanent',
    message: 'The device sent this image in a form that cannot be drawn',
    nextStep:
      'It is stored exactly as it came. Look at it on the device, and send it again if it is bad there too.',
  },
  'preview-decoder-stopped': {
    persistence: 'transient',
    message: 'Drawing this image took too much time or memory and was stopped',
    nextStep: 'Try it again, or restore the study and open it in a DICOM viewer.',
  },
  'preview-missing': {
    persistence: 'permanent',
    message: 'Images cannot be drawn here, because the part that draws them is not there',
    nextStep:
      'Restore the study and open it in a DICOM viewer. In a checkout, `npm run build` makes that part.',
  },
  'preview-busy': {
    persistence: 'transient',
    message: 'Too many images are being drawn at once',
    nextStep: 'Try again in a moment.',
  },
  'web-session': {
    persistence: 'permanent',
    message: 'This page needs a fresh link',
    nextStep: 'Run `edge-sync status --link` or open the page from the app.',
  },
  'demo-failed': {
    persistence: 'permanent',
    message: 'The demo did not come to its end',
    nextStep: 'Run `npm ci` and `npm run demo` again; if it repeats, report the line above.',
  },
  cancelled: {
    persistence: 'permanent',
    message: 'Cancelled',
    nextStep: 'Start it again when you like; nothing is lost.',
  },
} as const satisfies Record<string, ErrorFacts>;
