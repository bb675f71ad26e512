/** Makes a switch over a tagged union exhaustive at compile time; throws if a value slips past the types. */
export function assertNever(value: never): never {
  throw new Error(`unexpected variant: ${JSON.stringify(value)}`);
}
