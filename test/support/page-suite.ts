/** What every test of the page in a browser shares: the built page, one browser, scripted engines, and their ends. */
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { AgentState } from '../../src/shared/agent-state.ts';
import { buildPage, type BuiltPage } from './built-page.ts';
import { FakeEngine } from './fake-engine.ts';
import { launchBrowser, openPage, type OpenedPage } from './page-browser.ts';

/** Make one at the top of a file: builds the page and starts the browser once, ends after each test what that test began. */
export class PageSuite {
  #built: BuiltPage | undefined;
  #browser: Browser | undefined;
  readonly #endings: (() => Promise<void>)[] = [];

  constructor() {
    beforeAll(async () => {
      [this.#built, this.#browser] = await Promise.all([buildPage(), launchBrowser()]);
    });
    afterEach(async () => {
      for (const end of this.#endings.splice(0).reverse()) await end();
    });
    afterAll(async () => {
      await this.#browser?.close();
      await this.#built?.remove();
    });
  }

  get browser(): Browser {
    return this.#browser!;
  }

  /** An engine that serves the page and says what the test wants; it hears nobody before `start`. */
  engine(state?: AgentState): FakeEngine {
    return new FakeEngine(this.#built!.dir, state);
  }

  async start(engine: FakeEngine): Promise<void> {
    await engine.start();
    this.#endings.push(() => engine.stop());
  }

  /** A fresh profile of the browser on one address. */
  async open(address: string, options: BrowserContextOptions = {}): Promise<OpenedPage> {
    const opened = await openPage(this.browser, address, options);
    this.#endings.push(opened.close);
    return opened;
  }
}
