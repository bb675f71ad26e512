/**
 * DICOM's PN (PS3.5 6.2.1) as people write it: "Family, Given Middle". Of the groups (alphabetic, ideographic,
 * phonetic) the first that says something; a name without carets stays as it is.
 */
export function personName(value: string): string {
  const group = value.split('=').find((one) => /[^^\s]/.test(one)) ?? '';
  const [family = '', given = '', middle = '', prefix = '', suffix = ''] = group
    .split('^')
    .map((part) => part.trim());
  const first = [prefix, given, middle].filter((part) => part !== '').join(' ');
  return [family, first, suffix].filter((part) => part !== '').join(', ');
}
