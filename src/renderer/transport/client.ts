import { createORPCClient } from '@orpc/client';
import type { ClientContext, ClientLink } from '@orpc/client';
import { ResponseValidationPlugin } from '@orpc/contract/plugins';
import { contract } from '../../shared/contract.ts';
import type { EngineClient } from './transport.ts';

/** Everything the engine answers is checked against the contract before the page shows it. */
export function answersAreChecked(): ResponseValidationPlugin<ClientContext> {
  return new ResponseValidationPlugin(contract);
}

export function clientOver(link: ClientLink<ClientContext>): EngineClient {
  return createORPCClient(link);
}
