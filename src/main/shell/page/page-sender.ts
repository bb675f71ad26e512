import { isOwnPage, type PageOrigin } from './page-files.ts';

/** What Electron says of the sender of a message; `null`: its frame is gone already. */
export interface PageMessage {
  readonly sender: unknown;
  readonly senderFrame: { readonly url: string } | null;
}

/**
 * True for a message from our page: the main frame of our own window, at our origin.
 * @param contents those of our window, while there is one
 */
export function isFromOurPage(
  { sender, senderFrame }: PageMessage,
  contents: { readonly mainFrame: unknown } | undefined,
  origin: PageOrigin,
): boolean {
  return (
    contents !== undefined &&
    sender === contents &&
    senderFrame !== null &&
    senderFrame === contents.mainFrame &&
    isOwnPage(origin, senderFrame.url)
  );
}
