import type { App, Session, WebContents } from 'electron';
import { isOwnPage, type PageOrigin } from './page-files.ts';

/** Denies what a page of ours never needs: permissions and devices. Downloads: page-saving.ts. */
export function denyPermissions(session: Session): void {
  session.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
}

/** Denies leaving the page, new windows and embedded pages, for every web contents there will ever be. */
export function denyNavigation(
  app: App,
  origin: PageOrigin,
  onRefused: (what: 'navigation' | 'window' | 'webview') => void,
): void {
  app.on('web-contents-created', (_event, contents: WebContents) => {
    const guard = (event: { readonly url: string; preventDefault(): void }): void => {
      if (isOwnPage(origin, event.url)) return;
      event.preventDefault();
      onRefused('navigation');
    };
    contents.on('will-navigate', guard);
    contents.on('will-frame-navigate', guard);
    contents.on('will-redirect', guard);
    contents.on('will-attach-webview', (event) => {
      event.preventDefault();
      onRefused('webview');
    });
    contents.setWindowOpenHandler(() => {
      onRefused('window');
      return { action: 'deny' };
    });
  });
}
