import { createORPCClient } from '@orpc/client';
import type { ClientLink } from '@orpc/client';
import { ResponseValidationPlugin } from '@orpc/contract/plugins';
import { contract } from '../../shared/contract.ts';
import type { EngineClient } from './transport.ts';

/** Everything the engine answers is checked against the contract before the page shows it. */
export function answersAreChecked(): ResponseValidationPlugin<Record<never, never>> {
  return new ResponseValidationPlugin(contract);
}

export function clientOver(link: ClientLink<Record<never, never>>): EngineClient {
  return createORPCClient(link);
}
