import type { App, Session, WebContents } from 'electron';
import { pageOrigin } from './page-files.ts';

/** True for a URL of our own page; `URL.origin` is "null" for schemes it does not know, so the parts are compared. */
export function isOwnPage(url: string): boolean {
  try {
    const { protocol, host } = new URL(url);
    return `${protocol}//${host}` === pageOrigin;
  } catch {
    return false;
  }
}

/** Denies what a page of ours never needs: permissions, devices, downloads. */
export function denyPermissions(session: Session): void {
  session.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
  session.on('will-download', (event) => event.preventDefault());
}

/** Denies leaving the page, new windows and embedded pages, for every web contents there will ever be. */
export function denyNavigation(
  app: App,
  onRefused: (what: 'navigation' | 'window' | 'webview') => void,
): void {
  app.on('web-contents-created', (_event, contents: WebContents) => {
    const guard = (event: { readonly url: string; preventDefault(): void }): void => {
      if (isOwnPage(event.url)) return;
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
