/** Choosing a path of this PC in the desktop's own dialog (the app only). */
export const enPathChoice = {
  choose: 'Choose…',
  chooseFor: 'Choose… ({{field}})',
  addFile: 'Add a file…',
  addFolder: 'Add a folder…',
  failed: 'The window for choosing did not open. Type the path instead.',
  unusable:
    'This name begins or ends with a space, or has characters that cannot be used here. Rename it, or choose another place.',
};
