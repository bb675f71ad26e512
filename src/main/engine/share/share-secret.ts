/** Where the credential of the share place lies: apart from those of the destinations. */

/** In the key store. */
export const shareSecretName = 'share-place';
/** Among the credentials that came with the command; no destination can be called so. */
export const shareSecretKey = 'share:place';
