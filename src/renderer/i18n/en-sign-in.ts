/** A person's sign-in to Entra for a storage. */
export const enSignIn = {
  title: 'Sign in to Entra for “{{name}}”',
  button: 'Sign in to Entra…',
  instead: 'Was this storage set up for a person to sign in?',
  asking: 'Asking for a code…',
  open: 'Open this address in any browser, on this PC or another device:',
  address: 'Address',
  enter: 'Enter this code there, and sign in with the account that may write to the storage:',
  code: 'Code',
  waiting: 'Waiting until you have. The code is good for about 15 minutes.',
  done: 'Signed in.',
  doneAs: 'Signed in as {{account}}.',
  renewed: 'It is renewed without you from now on; uploads go on.',
  again: 'Ask for a new code',
};
