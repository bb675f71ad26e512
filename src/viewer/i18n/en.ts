/** The page's words in English; es.ts has the same keys. */
import type { ProblemCode } from '../open/problem.ts';

export interface ProblemText {
  readonly title: string;
  readonly next: string;
}

const problems: Readonly<Record<ProblemCode, ProblemText>> = {
  'link-broken': {
    title: 'This is not a whole link',
    next: 'A part may be missing from the end. Copy the link again, all of it, and paste it here.',
  },
  'link-newer': {
    title: 'This link needs a newer viewer',
    next: 'Ask the practice that sent it for the viewer that belongs to it.',
  },
  'browser-unsafe': {
    title: 'This browser cannot open the study here',
    next: 'Save this page as a file and open it from there, or use an up-to-date Chrome, Edge, Firefox or Safari.',
  },
  'passcode-wrong': {
    title: 'The passcode does not fit',
    next: 'Check upper and lower case and try again. The practice that sent the link knows the passcode.',
  },
  'key-wrong': {
    title: 'The key in this link does not open the study',
    next: 'The link was changed or cut on its way. Copy it again from the message, or ask the practice for a new one.',
  },
  'other-share': {
    title: 'What lies there belongs to another share',
    next: 'Nothing was shown. Tell the practice that sent the link, and ask for a new one.',
  },
  expired: {
    title: 'This link has expired',
    next: 'Or the storage no longer accepts it. Ask the practice for a new link.',
  },
  gone: {
    title: 'This is no longer there',
    next: 'The practice has withdrawn or deleted it. Ask for a new link if you still need it.',
  },
  offline: {
    title: 'The storage cannot be reached',
    next: 'Check the internet connection and try again. If other pages work, the storage does not let this page read it: tell the practice.',
  },
  server: {
    title: 'The storage refused',
    next: 'Try again in a few minutes. If it stays, tell the practice that sent the link.',
  },
  damaged: {
    title: 'This was damaged or changed',
    next: 'It does not match what the practice shared, so it is not shown. Try again; if it stays, tell the practice.',
  },
  'too-large': {
    title: 'This file is too large for a browser',
    next: 'Ask the practice to send it in another way.',
  },
  'newer-share': {
    title: 'This share needs a newer viewer',
    next: 'Ask the practice that sent it for the viewer that belongs to it.',
  },
  elsewhere: {
    title: 'This share points somewhere else',
    next: 'It asks for files outside its own place, which no real share does. Nothing was opened. Tell the practice.',
  },
  'not-dicom': {
    title: 'This file cannot be read',
    next: 'It is not whole DICOM. It can be saved as it is.',
  },
  'no-pixels': {
    title: 'There is no image in this file',
    next: 'It may be a report, a measurement or a plan. Save it and open it with a program that shows these.',
  },
  'pixels-too-large': {
    title: 'This image is too large to be shown here',
    next: 'Save the file and open it with another program.',
  },
  'pixels-damaged': {
    title: 'The image in this file is damaged',
    next: 'It is as the practice has it. The other images can still be looked at, and this file can be saved.',
  },
  'pixels-unsupported': {
    title: 'This kind of image is not shown here',
    next: 'Save the file and open it with another program.',
  },
  'syntax-unsupported': {
    title: 'Videos and a few newer formats are not shown here',
    next: 'Save the file and open it with another program.',
  },
  'decoder-stopped': {
    title: 'Opening this image took too much time or memory',
    next: 'The other images can still be looked at. Save the file and open it with another program.',
  },
  'zip-too-large': {
    title: 'The study is too large for one zip file',
    next: 'Save the files one by one.',
  },
  cancelled: { title: 'Cancelled', next: 'Nothing was saved.' },
};

export const en = {
  language: 'English',
  title: 'Shared study',
  notForDiagnosis:
    'Not for diagnosis. For orientation only: screens and browsers differ, and this is no medical device.',
  skip: 'Skip to the image',
  theme: { label: 'Colours', system: 'As the system', light: 'Light', dark: 'Dark' },
  languageLabel: 'Language',
  link: {
    heading: 'Open a shared study',
    intro:
      'Paste the link that the practice sent you. It stays in this browser: the study is fetched encrypted, and opened here.',
    label: 'Link',
    open: 'Open',
    reloaded: 'After a reload the link has to be opened or pasted again: this page keeps no keys.',
  },
  passcode: {
    heading: 'This study has a passcode',
    intro: 'The practice gave it to you in another way than the link.',
    label: 'Passcode',
    open: 'Open',
    working: 'Checking the passcode',
  },
  opening: 'Opening the study',
  empty: 'There are no images in this share.',
  tryAgain: 'Try again',
  otherLink: 'Open another link',
  from: (practice: string) => `From ${practice}`,
  expires: (date: string) => `Can be opened until ${date}`,
  expired: (date: string) => `Ended on ${date}`,
  images: (count: number) => (count === 1 ? '1 image' : `${count} images`),
  files: (count: number) => (count === 1 ? '1 file' : `${count} files`),
  series: 'Series',
  seriesName: (number: string) => (number === '' ? 'Series' : `Series ${number}`),
  noPicture: 'No preview',
  patient: 'Patient',
  study: 'Study',
  stage: 'Image',
  stageHelp:
    'Arrow up and down: other image. Left and right: other frame. Plus and minus: size. 0: fit. Shift and arrows: move. R: rotate. H, V: mirror. I: invert. W: reset grey. Space: play. O: text. In measuring: arrows move the cross, Enter sets a point.',
  imageOf: (at: number, of: number) => `Image ${at} of ${of}`,
  frameOf: (at: number, of: number) => `Frame ${at} of ${of}`,
  image: 'Image',
  frame: 'Frame',
  loading: 'Loading',
  percent: (share: number) => `${Math.round(share * 100)} %`,
  tools: {
    label: 'Tools',
    drag: 'Drag to',
    window: 'Brightness',
    move: 'Move',
    zoom: 'Zoom',
    measure: 'Measure',
    preset: 'Grey values',
    center: 'Centre',
    width: 'Width',
    reset: 'Reset',
    rotate: 'Rotate',
    flipHorizontal: 'Mirror left–right',
    flipVertical: 'Mirror up–down',
    invert: 'Invert',
    fit: 'Fit',
    actual: '1:1',
    zoomIn: 'Larger',
    zoomOut: 'Smaller',
    play: 'Play',
    pause: 'Pause',
    rate: 'Per second',
    text: 'Text',
    clearLines: 'Remove lines',
    help: 'Keys',
  },
  presets: {
    file: 'As in the file',
    fileNamed: (name: string) => `In the file: ${name}`,
    fileTable: 'Curve in the file',
    full: 'All values',
    own: 'Own setting',
    'soft-tissue': 'Soft tissue',
    lung: 'Lung',
    bone: 'Bone',
    brain: 'Brain',
  },
  lengthMm: (mm: string) => `${mm} mm`,
  lengthDetector: (mm: string) => `${mm} mm at the detector, not calibrated`,
  lengthPixels: (pixels: string) => `${pixels} pixels, not calibrated`,
  save: {
    all: 'Save all (zip)',
    dicom: 'Save this DICOM file',
    picture: 'Save this picture (PNG)',
    cancel: 'Cancel',
    progress: (files: number, of: number, share: string) => `Saving: ${files} of ${of} files, ${share}`,
    one: (share: string) => `Saving: ${share}`,
    done: 'Saved.',
    note: 'What is saved is not encrypted any more.',
  },
  zoomShown: (percent: number) => `Zoom ${percent} %`,
  windowShown: (center: string, width: string) => `C ${center}  W ${width}`,
  licences: 'Licences of the parts',
  problems,
};

export type Messages = typeof en;
