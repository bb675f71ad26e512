/** Where saved bytes go: straight to a file that the person chose, or collected and handed to the browser's downloads. */

export interface Sink {
  write(chunk: Uint8Array<ArrayBuffer>): Promise<void>;
  close(): Promise<void>;
  /** Nothing is kept. */
  abort(): Promise<void>;
}

/** From here on a browser that can write to a file is asked to: collected bytes may not fit into memory. */
const streamAboveBytes = 256 * 1024 * 1024;

interface SavePicker {
  showSaveFilePicker(options: { readonly suggestedName: string }): Promise<FileSystemFileHandle>;
}

/** Asks the person for a place where that is needed; must be called from a press. Rejects with AbortError when they decline. */
export async function chooseSink(name: string, type: string, sizeBytes: number): Promise<Sink> {
  if (sizeBytes <= streamAboveBytes || !('showSaveFilePicker' in window)) return new DownloadSink(name, type);
  const handle = await (window as unknown as SavePicker).showSaveFilePicker({ suggestedName: name });
  const stream = await handle.createWritable();
  return {
    write: (chunk) => stream.write(chunk),
    close: () => stream.close(),
    abort: () => stream.abort(),
  };
}

class DownloadSink implements Sink {
  readonly #name: string;
  readonly #type: string;
  #blobs: Blob[] = [];

  constructor(name: string, type: string) {
    this.#name = name;
    this.#type = type;
  }

  write(chunk: Uint8Array<ArrayBuffer>): Promise<void> {
    // Browsers keep large blobs on the disk, arrays only in memory.
    this.#blobs.push(new Blob([chunk]));
    return Promise.resolve();
  }

  close(): Promise<void> {
    saveBlob(new Blob(this.#blobs, { type: this.#type }), this.#name);
    return this.abort();
  }

  abort(): Promise<void> {
    this.#blobs = [];
    return Promise.resolve();
  }
}

export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has begun to read by then, also a slow one.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
