import { protocol, type Session } from 'electron';
import { answerPageRequest, pageScheme } from './page-files.ts';

/** Call before `app` is ready: privileges are fixed then. */
export function registerPageScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: pageScheme, privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
}

/** Serves the built page (dist/renderer) to one session. */
export function servePage(session: Session, root: string): void {
  session.protocol.handle(pageScheme, (request) => answerPageRequest(root, request));
}
