import type { EngineClient } from '../../rpc/client.ts';
import type { Clock } from '../../engine/ports.ts';
import { cancellable } from '../cancellable.ts';
import { exitCode } from '../exit-codes.ts';
import { backupLine, headLine, RebuildView, rebuiltLines } from '../join-view.ts';
import type { Output } from '../output.ts';
import type { Format } from '../option-values.ts';

/** `backup list`: what lies in the clouds, of every PC. Exit 2 when something could not be read. */
export async function runBackupList(client: EngineClient, format: Format, output: Output): Promise<number> {
  const { backups, problems } = await cancellable((signal) => client.backup.list(undefined, { signal }));
  if (format === 'json') output.out(JSON.stringify({ backups, problems }));
  else if (backups.length === 0) output.out('No backup is in the cloud yet.');
  else {
    for (const one of backups) {
      output.out(`${one.destination}${one.own ? ' (this PC)' : ''}`);
      output.out(backupLine(one));
    }
  }
  for (const { destination, object, message, nextStep, code } of problems)
    output.err(`edge-sync: ${destination} ${object}: ${message}. ${nextStep} [${code}]`);
  return problems.length > 0 ? exitCode.partly : exitCode.ok;
}

/** `backup now`: writes what differs from the newest. */
export async function runBackupNow(client: EngineClient, format: Format, output: Output): Promise<number> {
  const { written } = await client.backup.write();
  if (format === 'json') output.out(JSON.stringify({ written }));
  else {
    for (const { destination, outcome, number, writtenAt } of written)
      output.out(
        outcome === 'written'
          ? `${destination}: backup ${number} is written.`
          : `${destination}: backup ${number} of ${writtenAt} says the same; nothing to write.`,
      );
  }
  return exitCode.ok;
}

/** `join --refresh`: what other PCs of the archive have stored since, and what this one lost track of. */
export async function runRefresh(
  client: EngineClient,
  format: Format,
  clock: Clock,
  output: Output,
): Promise<number> {
  return cancellable(async (signal) => {
    const view = new RebuildView(output, clock);
    for await (const event of await client.backup.rebuild(undefined, { signal })) view.show(event);
    output.progress.end('');
    if (format === 'json') {
      output.out(JSON.stringify({ heads: view.heads, rebuilt: view.destinations, problems: view.problems }));
    } else {
      for (const head of view.heads) output.out(headLine(head) + (head.own ? ' (this PC)' : ''));
      for (const line of rebuiltLines(view.destinations)) output.out(line);
    }
    return view.problems > 0 ? exitCode.partly : exitCode.ok;
  });
}
