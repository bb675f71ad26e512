/** Backticks are how the command line marks what is typed; people on a page or at the tray know quotation marks. */
export function quoted(text: string, language: 'en' | 'es'): string {
  return text.replaceAll(/`([^`]{1,500})`/g, language === 'es' ? '«$1»' : '“$1”');
}
