/**
 * What a passphrase must be. A thief of the file tries as many as scrypt lets him, some dozens a second on one machine:
 * length is what counts (NIST SP 800-63B 5.1.1), besides not being one of a few patterns that are tried first.
 */

export const minPassphraseCharacters = 12;
const minDifferentCharacters = 5;
const maxPassphraseCharacters = 1000;

/** What is wrong with it, in words that do not repeat it; undefined when it will do. `passphrase` in NFKC. */
export function passphraseProblem(passphrase: string): string | undefined {
  const characters = Array.from(passphrase);
  if (characters.length < minPassphraseCharacters)
    return `it has ${characters.length} characters, at least ${minPassphraseCharacters} are needed`;
  if (characters.length > maxPassphraseCharacters) return 'it is too long';
  if (passphrase.trim() !== passphrase) return 'it begins or ends with a space';
  if (new Set(characters).size < minDifferentCharacters)
    return `it has fewer than ${minDifferentCharacters} different characters`;
  if (isRepetition(characters)) return 'it repeats itself';
  return isRun(characters) ? 'its characters follow one another' : undefined;
}

/** "abcabcabcabc": the same few characters over and over. */
function isRepetition(characters: readonly string[]): boolean {
  for (let period = 1; period <= characters.length / 2; period += 1) {
    if (
      characters.every((one, index) => one === characters[index % period]) &&
      period < minPassphraseCharacters
    )
      return true;
  }
  return false;
}

/** "abcdefghijkl", "987654321098": each one next to the one before. */
function isRun(characters: readonly string[]): boolean {
  const codes = characters.map((one) => one.codePointAt(0) ?? 0);
  const steps = codes.slice(1).map((code, index) => code - (codes[index] ?? 0));
  const [first] = steps;
  return (first === 1 || first === -1) && steps.filter((step) => step === first).length >= steps.length - 1;
}
