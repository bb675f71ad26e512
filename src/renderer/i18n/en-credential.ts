/** What a credential is, by what it is for. */
export const enCredential = {
  title: 'Credential of “{{name}}”',
  kinds: {
    azure: {
      label: 'Connection string, address with a signature, or client secret',
      intro: 'From the cloud portal, whole: whichever of the three this storage was set up with.',
    },
    s3: {
      label: 'Access key: ID:SECRET',
      intro: 'The ID of the access key, a colon, and its secret, as the provider of the storage gives them.',
    },
    dicomweb: {
      label: 'USER:PASSWORD, token or private key',
      intro:
        'What the PACS was set up with: user and password with a colon between them, a bearer token, or the private key (PEM) of the certificate.',
    },
    proxy: {
      label: 'USER:PASSWORD',
      intro: 'User and password of the proxy, with a colon between them.',
    },
    smtp: { label: 'Password', intro: 'The password of the mail server.' },
    'alerts-webhook': {
      label: 'Secret',
      intro: 'The secret that signs the webhook. Its receiver has to know the same.',
    },
    other: { label: 'Credential', intro: 'As it was given to you, whole.' },
  },
  kept: 'It goes into the key store of this PC and is never shown again.',
  save: 'Store',
  stored: 'The credential is stored.',
};
