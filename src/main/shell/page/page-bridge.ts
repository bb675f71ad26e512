import {
  ipcMain,
  MessageChannelMain,
  type IpcMainEvent,
  type MessagePortMain,
  type WebContents,
} from 'electron';
import { RPCHandler } from '@orpc/server/message-port';
import type { Logger } from '../../engine/ports.ts';
import { connectChannel, portChannel } from '../../../preload/channels.ts';
import type { ForwardRouter } from './forward-router.ts';
import type { PageOrigin } from './page-files.ts';
import { isFromOurPage } from './page-sender.ts';

/**
 * Hands our page, and nobody else, a message port on which the contract is served.
 * One port per page: asking again closes the one before.
 */
export class PageBridge {
  readonly #handler: RPCHandler<object>;
  readonly #contents: () => WebContents | undefined;
  readonly #origin: PageOrigin;
  readonly #logger: Logger;
  #port: MessagePortMain | undefined;

  constructor(parts: {
    readonly router: ForwardRouter;
    /** The contents of our window, while there is one. */
    readonly contents: () => WebContents | undefined;
    readonly origin: PageOrigin;
    readonly logger: Logger;
  }) {
    this.#handler = new RPCHandler(parts.router);
    this.#contents = parts.contents;
    this.#origin = parts.origin;
    this.#logger = parts.logger;
  }

  listen(): void {
    ipcMain.on(connectChannel, (event) => this.#connect(event));
  }

  #connect(event: IpcMainEvent): void {
    const frame = event.senderFrame;
    if (frame === null || !isFromOurPage(event, this.#contents(), this.#origin)) {
      this.#logger.warn('page-refused', { reason: 'not our window, main frame and origin' });
      return;
    }
    this.#port?.close();
    const { port1, port2 } = new MessageChannelMain();
    this.#port = port1;
    this.#handler.upgrade(port1);
    port1.start();
    frame.postMessage(portChannel, null, [port2]);
  }
}
