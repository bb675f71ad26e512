/** Hands a file to the browser's downloads. The page keeps neither it nor an address of it. */
export function saveFile(content: string | Uint8Array<ArrayBuffer>, fileName: string): void {
  const address = URL.createObjectURL(new Blob([content], { type: 'application/octet-stream' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = fileName;
  link.click();
  // The download has begun by then; until it is revoked the address keeps the file in memory.
  setTimeout(() => URL.revokeObjectURL(address), revokeAfterMs);
}

const revokeAfterMs = 10_000;

/** Letters, digits and dashes alone, so that it is a name on every stick: "Ultrasound 2" is `ultrasound-2`. */
export function fileStem(name: string): string {
  const plain = name
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return plain === '' ? 'device' : plain.slice(0, 32);
}
