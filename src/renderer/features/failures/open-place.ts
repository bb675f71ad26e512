/** Puts the focus on a control that is drawn only once its answer is there. */
const lookEveryMs = 100;
const looks = 50;

/** The control of a setting, by its key; gives up after five seconds. */
export function focusSetting(key: string): void {
  let looked = 0;
  const timer = setInterval(() => {
    looked += 1;
    const row = [...document.querySelectorAll<HTMLElement>('[data-setting]')].find(
      (one) => one.dataset['setting'] === key,
    );
    const control = row?.querySelector<HTMLElement>('input, textarea, button');
    if (row !== undefined && control !== null && control !== undefined) {
      row.scrollIntoView({ block: 'center' });
      control.focus();
    }
    if (row !== undefined || looked >= looks) clearInterval(timer);
  }, lookEveryMs);
}
