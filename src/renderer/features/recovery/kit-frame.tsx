import { useMemo } from 'react';
import type { ReactElement, RefObject } from 'react';

interface KitFrameProps {
  /** The engine's page, self-contained. */
  readonly html: string;
  readonly title: string;
  readonly frame: RefObject<HTMLIFrameElement | null>;
}

/**
 * The kit's page as it will be printed. Its frame may run nothing, load nothing and go nowhere; it is of this origin
 * only so that its print can be asked for. The page's policy holds in it too and refuses a style element, so the style
 * is put in as an object.
 */
export function KitFrame({ html, title, frame }: KitFrameProps): ReactElement {
  const { bare, style } = useMemo(() => withoutStyle(html), [html]);
  return (
    <iframe
      ref={frame}
      className="kit-frame no-print"
      title={title}
      sandbox="allow-same-origin allow-modals"
      referrerPolicy="no-referrer"
      srcDoc={bare}
      onLoad={({ currentTarget }) => dress(currentTarget, style)}
    />
  );
}

const styleElement = /<style>([^<]*)<\/style>/;

function withoutStyle(html: string): { readonly bare: string; readonly style: string } {
  return { bare: html.replace(styleElement, ''), style: styleElement.exec(html)?.[1] ?? '' };
}

function dress(frame: HTMLIFrameElement, style: string): void {
  const inside = frame.contentWindow as (Window & typeof globalThis) | null;
  if (inside === null) return;
  const sheet = new inside.CSSStyleSheet();
  sheet.replaceSync(style);
  inside.document.adoptedStyleSheets = [sheet];
}
