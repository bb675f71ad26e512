/** The engine does not know this page's session, nor its token: the page needs a fresh link. */
export class SessionRefusedError extends Error {
  override readonly name = 'SessionRefusedError';
}
