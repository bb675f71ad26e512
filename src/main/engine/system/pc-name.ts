import { hostname } from 'node:os';

/** The name under which people know this PC. */
export function pcName(): string {
  return hostname();
}
