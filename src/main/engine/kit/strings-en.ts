/** The English kit. */
import type { KitStrings } from './kit-strings.ts';

export const english: KitStrings = {
  language: 'en',
  title: 'Recovery kit',
  shareTitle: 'Recovery kit: share {number} of 3',
  secrecy:
    'Whoever has this paper and can reach the cloud storage can read every image. Nobody can help you if it is lost together with the PC: there is no other key and no way around it. Print it, keep it locked away, then delete the file.',
  shareSecrecy:
    'This is one of three shares. Any two of them open every image; one alone opens and tells nothing. Give each share to another person, never two to the same. Print it, keep it locked away, then delete the file.',
  printed: 'Made by Edge Sync {version}. The program keeps no copy of this.',
  facts: {
    heading: 'What this kit belongs to',
    installation: 'Installation',
    archive: 'Archive',
    fingerprint: 'Fingerprint',
    date: 'Made on',
    program: 'Program',
    share: 'Mark of this share',
  },
  cloud: {
    heading: 'Where the images are',
    none: 'No cloud storage was configured when this kit was made. Write it here by hand: provider, account, container, folder.',
    noSecret:
      'The credential of the storage is not printed here. Whoever owns the account can make a new one; reading is enough.',
    kind: 'Kind',
    endpoint: 'Account (address)',
    endpointUnknown: 'not known when this kit was made; write it here: ______________________________',
    head: 'Newest image list',
    headValue: 'number {sequence} of installation {installation}, proven {date}',
    headNone: 'none yet when this kit was made',
    settings: {
      container: 'Container',
      bucket: 'Bucket',
      prefix: 'Folder (prefix)',
      region: 'Region',
      endpoint: 'Endpoint',
      account: 'Account',
      path: 'Path',
      url: 'Address',
    },
    emptyPrefix: '(none: at the top)',
  },
  words: {
    heading: 'The 24 words',
    intro:
      'In this order. All letters are a to z; the first four letters of each word are enough to know it.',
  },
  shareWords: {
    heading: 'The 25 words of this share',
    intro:
      'In this order, after the mark {mark}. All letters are a to z; the first four letters of each word are enough to know it.',
  },
  key: {
    heading: 'The same key for other programs',
    intro:
      'The words can be turned into a key only by Edge Sync (or by who follows its published format). This is the same key in the form that other programs take (PKCS#8). It is as secret as the words. Make a file named recovery.pem of it, in one of two ways:',
    scan: 'Scan the code with a phone or scanner that stays yours and does not send what it reads elsewhere. Its text is the whole file: save it as recovery.pem.',
    type: 'Or type these lines into an empty text file, exactly, and save it as recovery.pem. Capital and small letters differ.',
    caption: 'recovery.pem',
    checkIntro:
      'Then check it. The first line must say that the key is valid, the second must give the fingerprint above. If not, something was mistyped. Delete recovery.pem when you are done.',
  },
  shareQr:
    'The code holds the mark and the words. Scan it only with a device that stays yours and does not send what it reads elsewhere.',
  newPc: {
    heading: 'On a new PC, with Edge Sync',
    steps: [
      {
        text: 'Get a credential for the storage that is named above from whoever runs the account. Save it as secret.txt, and type the 24 words into a text file, words.txt. Delete both files when you are done.',
      },
      {
        text: 'Install Edge Sync, and do not start it yet. So that this PC takes the place of the old one, in one line (NAME and PREFIX as above; without --prefix where there is none; for storage other than Azure see docs/new-pc.md):',
        command: 'join',
      },
      {
        text: 'It shows number and date of the newest image list of each PC. Compare with what is printed above and with the last day you worked: an older list means that somebody took newer ones away.',
      },
      { text: 'Then, to get all images as DICOM files:', command: 'restore-here' },
      {
        text: 'Only to get images, on a PC that does not join the archive: enter the storage with edge-sync config set, and',
        command: 'restore',
      },
      {
        text: 'Every 90 days, and after every change of the cloud storage, see that the words still work:',
        command: 'check',
      },
    ],
  },
  shareNewPc: {
    heading: 'What to do with two shares',
    steps: [
      {
        text: 'Bring any two of the three shares together. Their marks must end with the same eight characters and begin with different numbers.',
      },
      {
        text: 'Type both into a text file, words.txt: one mark and its 25 words, then the other mark and its 25 words. Save a credential for the storage that is named above as secret.txt. Delete both files when you are done.',
      },
      {
        text: 'Install Edge Sync, and do not start it yet. So that this PC takes the place of the old one, in one line (NAME and PREFIX as above; without --prefix where there is none; for storage other than Azure see docs/new-pc.md):',
        command: 'join',
      },
      {
        text: 'It shows number and date of the newest image list of each PC. Compare with what is printed above and with the last day you worked: an older list means that somebody took newer ones away.',
      },
      { text: 'Then, to get all images as DICOM files:', command: 'restore-here' },
      {
        text: 'Only to get images, on a PC that does not join the archive: enter the storage with edge-sync config set, and',
        command: 'restore',
      },
      {
        text: 'To open images without Edge Sync, with OpenSSL alone, first make the key for it (docs/sealed-object.md has the line):',
        command: 'export-key',
      },
      {
        text: 'If Edge Sync cannot be had at all: how shares become words and words a key is published in docs/recovery-kit.md and docs/sealed-object.md, well enough to write a program for it.',
      },
    ],
  },
  withoutUs: {
    heading: 'Without Edge Sync',
    steps: [
      {
        text: 'Download what lies in the folder "objects" of the storage named above, with the tools of your provider. Each file X.cms is one image: CMS AuthEnvelopedData (RFC 5083), AES-256-GCM. OpenSSL 3.0 or later opens it (Linux and macOS shell):',
        command: 'open-one',
      },
      { text: 'On Windows, in the command prompt:', command: 'open-one-windows' },
      {
        text: 'All of them at once, in the folder that holds "objects". A file it could not open is named, and nothing of it is kept:',
        command: 'open-all',
      },
      {
        text: 'The files of the folder "manifests" open in the same way. They are lists (JSON) that name each object, its patient and study, and its SHA-256.',
      },
      {
        text: 'Images of more than 1.6 GB are too large for OpenSSL, and it takes some broken files for good. The reader that ships beside Edge Sync (one file, open-sealed.mjs: keep a copy with this kit) has neither fault and needs only Node.js 18 or later:',
        command: 'reader',
      },
      {
        text: 'Edge Sync itself does the same from the words, without an installation and without the cloud:',
        command: 'open-with-words',
      },
    ],
  },
  trust: {
    heading: 'What to trust, and what not',
    provesHeading: 'When the line succeeds (and leaves a file), then',
    proves: ['the key fits, and what came out agrees with the checksum (tag) that the file itself carries.'],
    notHeading: 'It does not prove',
    not: [
      'that the image is yours: the certificate is public, so anybody could have sealed something else. Compare the SHA-256 of X.cms with the lists, or use edge-sync restore, which checks the lists too;',
      'that the file is whole as it was made: OpenSSL also takes a tag cut down to one byte, a weaker cipher put in place of the right one, and bytes behind the end. Edge Sync refuses all of these;',
      'that nothing is missing: an archive is as complete as its lists. Compare the number and date of the newest list with what you remember or find printed above.',
      'Without the part behind || nothing at all: OpenSSL writes the image before it has checked it, and leaves it there when the check fails.',
    ],
  },
  keeping: {
    heading: 'How to keep it',
    items: [
      'In a safe or locked away, not in the room of the PC; a second copy in another building.',
      'Not as a photo, not in an e-mail, not in the cloud, not in the password manager of the same PC.',
      'Who may use it, and who knows where it is: write it down with your emergency plan.',
      'If it was seen by others or is lost: make a new one (edge-sync recovery replace). Old images stay readable with the old one.',
    ],
  },
  shareKeeping: {
    heading: 'How to keep it',
    items: [
      'In a safe or locked away. The three custodians keep their shares in different places.',
      'Not as a photo, not in an e-mail, not in the cloud.',
      'If this share is lost, two others are still enough: make a new kit soon (edge-sync recovery replace).',
      'If two shares were seen by the same stranger, make a new kit at once.',
    ],
  },
  page: 'Page {page} of {pages}',
};
