import { EdgeSyncError } from '../../../shared/errors.ts';
import { attentionSelectionSchema, type AttentionSelection } from '../../../shared/contract-attention.ts';
import type { EngineClient } from '../../rpc/client.ts';
import { exitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import type { Format } from '../option-values.ts';

/** Most are mended by one look at the first hundred; `--json` gives all that are kept. */
const linesShown = 100;
const mostAsked = 10_000;

/** `edge-sync attention`: the files of watched folders that could not be taken in. Exit 0 when there are none, else 2. */
export async function runAttentionList(
  client: EngineClient,
  options: { readonly format: Format },
  output: Output,
): Promise<number> {
  const limit = options.format === 'json' ? mostAsked : linesShown;
  const { files, total } = await client.files.attention({ limit });
  if (options.format === 'json') {
    output.out(JSON.stringify({ files, total }, undefined, 2));
  } else if (total === 0) {
    output.out('no file needs attention');
  } else {
    for (const file of files) {
      output.out(`${file.id}  ${file.path}`);
      output.out(`    ${file.message}. ${file.nextStep} [${file.code}]`);
      output.out(`    in ${file.folder}, since ${file.firstAt}`);
    }
    if (total > files.length) output.out(`and ${total - files.length} more`);
    output.out(
      'They stay where they are. A file that is mended, replaced or removed leaves this list by itself.',
    );
    output.out(
      '`edge-sync attention retry` looks again; `edge-sync attention dismiss ID...` leaves them be.',
    );
  }
  return total === 0 ? exitCode.ok : exitCode.partly;
}

/** `edge-sync attention dismiss ID... | --all`. */
export async function runAttentionDismiss(
  client: EngineClient,
  options: { readonly ids: readonly string[]; readonly all: boolean },
  output: Output,
): Promise<number> {
  const { dismissed } = await client.files.dismissAttention(selectionOf(options));
  output.out(`dismissed ${dismissed}`);
  return dismissed > 0 || options.all ? exitCode.ok : exitCode.failed;
}

/** `edge-sync attention retry [ID...]`: without ids all of them. */
export async function runAttentionRetry(
  client: EngineClient,
  options: { readonly ids: readonly string[] },
  output: Output,
): Promise<number> {
  const all = options.ids.length === 0;
  const { retried } = await client.files.retryAttention(selectionOf({ ids: options.ids, all }));
  output.out(`looking again at ${retried}`);
  return retried > 0 || all ? exitCode.ok : exitCode.failed;
}

function selectionOf({
  ids,
  all,
}: {
  readonly ids: readonly string[];
  readonly all: boolean;
}): AttentionSelection {
  if (all === ids.length > 0) throw new EdgeSyncError('usage', 'give the numbers of files, or --all');
  const selection = attentionSelectionSchema.safeParse(all ? { tag: 'all' } : { tag: 'some', ids });
  if (selection.success) return selection.data;
  throw new EdgeSyncError('usage', selection.error.issues[0]?.message ?? 'ID');
}
