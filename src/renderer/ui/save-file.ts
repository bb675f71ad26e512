type FileType = 'application/octet-stream' | 'application/pdf';

/** Hands a file to the browser's downloads. The page keeps neither it nor an address of it. */
export function saveFile(
  content: string | Uint8Array<ArrayBuffer>,
  fileName: string,
  type: FileType = 'application/octet-stream',
): void {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = address;
  link.download = fileName;
  link.click();
  // The download has begun by then; until it is revoked the address keeps the file in memory.
  setTimeout(() => URL.revokeObjectURL(address), revokeAfterMs);
}

const revokeAfterMs = 10_000;
