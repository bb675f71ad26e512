import { app, protocol, type Session } from 'electron';
import { answerPageRequest, ownHost, ownScheme, type PageOrigin } from './page-files.ts';

/** Call first of all: the privileges of a scheme (a real origin, `fetch`) are fixed when the app is ready. */
export function claimPageOrigin(): PageOrigin {
  if (app.isReady()) return ownHost;
  protocol.registerSchemesAsPrivileged([
    { scheme: ownScheme.scheme, privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
  return ownScheme;
}

/** Serves the built page (dist/renderer) to one session; nothing else is served there. */
export function servePage(session: Session, origin: PageOrigin, root: string): void {
  session.protocol.handle(origin.scheme, (request) => answerPageRequest(root, origin, request));
}
