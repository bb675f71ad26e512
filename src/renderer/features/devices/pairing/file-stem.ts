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
