/** English of the failures' next steps, of what is over, and of the diagnostics bundle. */

export const enFailureSteps = {
  devices: 'Look at the device',
  setting: 'Open the setting',
  destinations: 'Look at the storage',
  keys: 'Open keys and recovery',
  verify: 'Check the copies',
  shares: 'Look at the shares',
  disk: 'Look at the disk',
  resume: 'Go on with uploads now',
  resumed: 'Uploads go on.',
  command: 'At the command line of this PC:',
  byItself: 'Nothing to do here: it goes on by itself.',
  atDevice: 'Nothing to do here: it is mended at the device.',
  elsewhere: 'Nothing to do here: it is mended outside this program.',
  toldEmail: 'Told by mail {{time}}',
  toldWebhook: 'Told by webhook {{time}}',
  over: 'Over since then',
  overText: 'Gone within the last day, without anybody having to remember it.',
  overAt: 'Over {{time}}',
} as const;

export const enDiagnostics = {
  open: 'Diagnostics for support',
  title: 'Diagnostics for support',
  intro:
    'Nothing leaves this PC by itself. This is all that will be in the file: read it, save it, and send it to whoever helps you.',
  without:
    'No names of patients, devices, storages or people, no ids, addresses, folders or secrets are in it.',
  loading: 'Putting it together.',
  preview: 'What will be saved',
  size: '{{size}}, saved exactly as shown here',
  save: 'Save the file',
  saved: 'Saved to the downloads as {{name}}.',
  close: 'Close',
} as const;
