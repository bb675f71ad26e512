import type { OpenDialogOptions, OpenDialogReturnValue } from 'electron';
import { describe, expect, it } from 'vitest';
import { FakeLogger } from '../../../../test/fakes/fake-logger.ts';
import { choosePathChannel } from '../../../preload/channels.ts';
import { pathPurposes } from '../../../shared/path-choice.ts';
import { textsFor } from '../desk/texts.ts';
import { ownScheme } from './page-files.ts';
import type { PageMessage } from './page-sender.ts';
import { PathDialogs } from './path-dialogs.ts';

const mainFrame = { url: 'edge-sync://app/' };
const contents = { mainFrame };
const fromOurPage: PageMessage = { sender: contents, senderFrame: mainFrame };
const fromElsewhere: PageMessage = { sender: {}, senderFrame: mainFrame };
const cancelled: OpenDialogReturnValue = { canceled: true, filePaths: [] };
const chosen = (path: string): OpenDialogReturnValue => ({ canceled: false, filePaths: [path] });

/** Dialogs whose answer the test gives; `ask` is what the page's preload script sends. */
function arrange(answer: () => Promise<OpenDialogReturnValue>, locale = 'en') {
  const logger = new FakeLogger();
  const opened: OpenDialogOptions[] = [];
  const shown: { window: object | undefined } = { window: {} };
  const channels = new Map<string, (event: PageMessage, ...given: unknown[]) => Promise<unknown>>();
  new PathDialogs({
    origin: ownScheme,
    contents: () => contents,
    shown: () => shown.window,
    open: (_on, options) => {
      opened.push(options);
      return answer();
    },
    texts: textsFor(locale).pathDialogs,
    logger,
  }).listen({ handle: (channel, listener) => void channels.set(channel, listener) });
  const ask = (event: PageMessage, ...given: unknown[]): Promise<unknown> =>
    channels.get(choosePathChannel)!(event, ...given);
  return { ask, opened, shown, logger };
}

describe('the dialog for a path', () => {
  it('hands on what was chosen, and logs neither name nor place', async () => {
    const { ask, logger } = arrange(() => Promise.resolve(chosen('/srv/Muster Erika')));

    expect(await ask(fromOurPage, 'restore')).toEqual({ tag: 'chosen', path: '/srv/Muster Erika' });

    expect(JSON.stringify(logger)).not.toContain('Muster');
  });

  it('says only that nothing was chosen when a person cancels', async () => {
    const { ask } = arrange(() => Promise.resolve(cancelled));
    expect(await ask(fromOurPage, 'watch')).toEqual({ tag: 'cancelled' });
  });

  it.each(pathPurposes)('for %s takes one place, in words of both languages', async (purpose) => {
    const titles: (string | undefined)[] = [];
    for (const locale of ['en-GB', 'es-MX']) {
      const { ask, opened } = arrange(() => Promise.resolve(cancelled), locale);
      await ask(fromOurPage, purpose);
      expect(opened).toHaveLength(1);
      const { properties = [], title } = opened[0]!;
      expect(properties.filter((one) => one === 'openFile' || one === 'openDirectory')).toHaveLength(1);
      expect(properties).not.toContain('multiSelections');
      titles.push(title);
    }
    expect(new Set(titles).size).toBe(2);
  });

  it.each([
    ['another page', fromElsewhere, ['restore'], 'not-our-page'],
    ['an unknown purpose', fromOurPage, ['anything'], 'purpose'],
    ['no purpose', fromOurPage, [], 'purpose'],
    ['a purpose that is no text', fromOurPage, [['restore']], 'purpose'],
    ['options beside the purpose', fromOurPage, ['restore', { defaultPath: '/etc' }], 'purpose'],
  ])('is refused to %s', async (_who, event, given, reason) => {
    const { ask, opened, logger } = arrange(() => Promise.resolve(chosen('/srv')));

    await expect(ask(event, ...given)).rejects.toThrow(/^refused$/);

    expect(opened).toEqual([]);
    expect(JSON.stringify(logger)).toContain(reason);
  });

  it('does not open over a hidden window', async () => {
    const { ask, opened, shown } = arrange(() => Promise.resolve(chosen('/srv')));
    shown.window = undefined;
    await expect(ask(fromOurPage, 'restore')).rejects.toThrow('refused');
    expect(opened).toEqual([]);
  });

  it('opens one at a time, and again when the first is closed', async () => {
    const first = Promise.withResolvers<OpenDialogReturnValue>();
    const { ask, opened } = arrange(() => first.promise);
    const asked = ask(fromOurPage, 'restore');

    await expect(ask(fromOurPage, 'restore')).rejects.toThrow('refused');
    expect(opened).toHaveLength(1);

    first.resolve(cancelled);
    await asked;
    expect(await ask(fromOurPage, 'watch')).toEqual({ tag: 'cancelled' });
  });

  it('can be opened again after the desktop failed to show one, and tells the page nothing of why', async () => {
    const outcomes = [Promise.reject(new Error('no portal at /run/user/1000')), Promise.resolve(cancelled)];
    const { ask } = arrange(() => outcomes.shift()!);
    await expect(ask(fromOurPage, 'restore')).rejects.toThrow(/^failed$/);
    expect(await ask(fromOurPage, 'restore')).toEqual({ tag: 'cancelled' });
  });

  it('hands on no path that is longer than paths are', async () => {
    const { ask } = arrange(() => Promise.resolve(chosen(`/${'x'.repeat(5000)}`)));
    await expect(ask(fromOurPage, 'restore')).rejects.toThrow('refused');
  });
});
