/** A person without a mouse: Tab, arrows, Space, Enter and letters are all there is. */
import type { Page } from 'playwright-core';

const mostTabs = 150;

/** The accessible name of what has the focus, as far as our controls have one, and its role. */
async function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const { activeElement: element } = document;
    if (element === null || element === document.body) return '';
    const own = element.getAttribute('aria-label');
    const labelled = (element.getAttribute('aria-labelledby') ?? '')
      .split(' ')
      .map((id) => (id === '' ? '' : (document.getElementById(id)?.textContent ?? '')))
      .join(' ')
      .trim();
    const label =
      element instanceof HTMLInputElement
        ? [...(element.labels ?? [])].map((one) => one.textContent).join(' ')
        : element.textContent;
    return (own ?? (labelled === '' ? label : labelled)).trim();
  });
}

/** Tabs on until something with this name has the focus; `exact` names or the beginning of one. */
export async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  const seen: string[] = [];
  for (let tabs = 0; tabs <= mostTabs; tabs += 1) {
    const here = await focused(page);
    if (typeof name === 'string' ? here === name : name.test(here)) return;
    seen.push(here);
    await page.keyboard.press('Tab');
  }
  throw new Error(
    `the keyboard does not reach ${String(name)}; it reached: ${[...new Set(seen)].join(' | ')}`,
  );
}

export async function press(page: Page, name: string | RegExp): Promise<void> {
  await tabTo(page, name);
  await page.keyboard.press('Enter');
}

export async function type(page: Page, name: string | RegExp, text: string): Promise<void> {
  await tabTo(page, name);
  await page.keyboard.type(text);
}
