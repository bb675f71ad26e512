import type { EngineClient } from '../../rpc/client.ts';
import { exitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import type { Format } from '../option-values.ts';

/** `edge-sync alerts test`: a test message by every channel that is set; exit 1 when one did not go out. */
export async function runAlertsTest(client: EngineClient, format: Format, output: Output): Promise<number> {
  const { outcomes } = await client.alerts.test();
  if (format === 'json') output.out(JSON.stringify({ outcomes }, undefined, 2));
  for (const outcome of format === 'json' ? [] : outcomes) {
    if (outcome.tag === 'sent') output.out(`${outcome.channel}: a test message is on its way`);
    else {
      const { code, message, nextStep } = outcome.error;
      output.err(`${outcome.channel}: ${message} (${code}). ${nextStep}`);
    }
  }
  return outcomes.every(({ tag }) => tag === 'sent') ? exitCode.ok : exitCode.failed;
}
