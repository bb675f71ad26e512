/** Numbers that stand for names within one bundle. */
export interface Aliases {
  readonly destination: (name: string) => string;
  readonly device: (aeTitle: string) => string;
}

/** By the order given; what is in neither list is "other". */
export function aliasesFor(destinations: readonly string[], devices: readonly string[]): Aliases {
  const numbered = (kind: 'destination' | 'device', names: readonly string[]) => (name: string) => {
    const index = names.indexOf(name);
    return `${kind}-${index === -1 ? 'other' : index + 1}`;
  };
  return { destination: numbered('destination', destinations), device: numbered('device', devices) };
}
