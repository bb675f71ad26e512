/** `edge-sync audit verify`: proves the trail, and says where it does not hold. */
import type { AuditCheck, AuditReach, AuditVerifyEvent } from '../../../shared/contract-audit.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Clock } from '../../engine/ports.ts';
import type { EngineClient } from '../../rpc/client.ts';
import { readExportEnd, type ExportProof } from '../audit-export-file.ts';
import { auditBreakText } from '../audit-text.ts';
import { cancellable } from '../cancellable.ts';
import { exitCode } from '../exit-codes.ts';
import type { Format } from '../option-values.ts';
import { bar, type Output } from '../output.ts';

/** What is done sooner needs no progress. */
const quietMs = 1000;
/** Breaks printed one by one without --json. */
const breaksShown = 20;

export interface AuditVerifyWish {
  readonly reach: AuditReach;
  /** An export that was kept elsewhere. */
  readonly against: string | undefined;
  readonly format: Format;
}

/**
 * Exit 0 when every entry is proven, 2 when something does not hold or could not be compared. Throws usage, file-not-readable,
 * audit-export-broken, cancelled.
 */
export async function runAuditVerify(
  client: EngineClient,
  { reach, against, format }: AuditVerifyWish,
  output: Output,
  clock: Clock,
): Promise<number> {
  const proof = against === undefined ? undefined : await readExportEnd(against);
  return cancellable(async (signal) => {
    const events = await client.audit.verify(
      { reach, against: proof === undefined ? null : { number: proof.number, chain: proof.chain } },
      { signal },
    );
    return showAuditVerify(events, { format, proof }, output, clock);
  });
}

export async function showAuditVerify(
  events: AsyncIterable<AuditVerifyEvent>,
  { format, proof }: { readonly format: Format; readonly proof: ExportProof | undefined },
  output: Output,
  clock: Clock,
): Promise<number> {
  const beganMs = clock.monotonicMs();
  const progress = (line: string): void => {
    if (clock.monotonicMs() - beganMs >= quietMs) output.progress.update(line);
  };
  const problems: Extract<AuditVerifyEvent, { tag: 'problem' }>['problem'][] = [];
  let check: AuditCheck | undefined;
  try {
    for await (const event of events) {
      switch (event.tag) {
        case 'lists':
          progress(`${event.destination}: ${event.lists} of ${event.total} lists read`);
          break;
        case 'progress':
          progress(`${bar(event.checked, event.total)} ${event.checked} of ${event.total} entries`);
          break;
        case 'problem':
          problems.push(event.problem);
          break;
        case 'result':
          check = event.check;
      }
    }
  } finally {
    output.progress.end('');
  }
  if (check === undefined) throw new EdgeSyncError('internal', 'the check of the audit trail gave no result');
  if (format === 'json') {
    const { entries, last, proven, before, breakCount, breaks, anchoredTo } = check;
    const [firstBreak = null] = breaks;
    output.out(
      JSON.stringify({ entries, last, proven, before, anchoredTo, firstBreak, breakCount, breaks, problems }),
    );
  } else {
    for (const line of linesOf(check)) output.out(line);
    if (proof !== undefined) output.out(exportLine(proof, check));
    for (const { destination, object, message, nextStep, code } of problems)
      output.err(
        `edge-sync: ${destination}${object === '' ? '' : `: ${object}`}: not compared: ${message}. ${nextStep} [${code}]`,
      );
  }
  return check.breakCount === 0 && problems.length === 0 ? exitCode.ok : exitCode.partly;
}

function linesOf({ entries, proven, before, breaks, breakCount, anchoredTo }: AuditCheck): readonly string[] {
  const older = before > 0 ? `, ${before} of them from before the chain` : '';
  const [first] = breaks;
  const anchor =
    anchoredTo === null
      ? 'Nothing is known elsewhere of this trail yet: an end that was cut off would not show.'
      : `Compared with what is known elsewhere up to entry ${anchoredTo}.`;
  if (first === undefined)
    return [`The audit trail holds: ${proven} of ${entries} entries proven${older}.`, anchor];
  const shown = breaks.slice(0, breaksShown).map((one) => `  ${auditBreakText(one)}`);
  return [
    `The audit trail does not hold: ${proven} of ${entries} entries proven${older}.`,
    `First break: ${auditBreakText(first)}.`,
    ...(breakCount > 1 ? [`All ${breakCount} breaks:`, ...shown] : []),
    ...(breakCount > breaksShown && breakCount > 1 ? ['  ... (--json tells the first 100)'] : []),
    anchor,
  ];
}

function exportLine({ number, entries }: ExportProof, { breaks }: AuditCheck): string {
  const differs = breaks.some(
    ({ kind, from, to }) => (kind === 'rewritten' || kind === 'cut-off') && from <= number && number <= to,
  );
  return differs
    ? `The export (${entries} entries, up to ${number}) is whole, and this trail is not the one it was made from.`
    : `The export (${entries} entries, up to ${number}) is whole, and its last entry is the one that stands here.`;
}
