/** Workers of a page that is one file: their scripts are in the page, and start from memory. */
export function startWorker(script: string): Worker {
  const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  const worker = new Worker(url);
  // The worker holds the script itself from here on (HTML: the URL is resolved when the worker is made).
  URL.revokeObjectURL(url);
  return worker;
}
