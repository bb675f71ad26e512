import { assertNever } from '../../../shared/assert-never.ts';
import { examine, needsAttention, type Finding } from '../../engine/doctor.ts';
import type { ReconcileReport } from '../../engine/recover/reconcile.ts';
import type { SpoolCheckReport } from '../../engine/recover/spool-check.ts';
import { auditBreakText } from '../audit-text.ts';
import { cancellable } from '../cancellable.ts';
import { engineOptions } from '../engine-options.ts';
import { exitCode } from '../exit-codes.ts';
import type { Installation } from '../installation.ts';
import { bytesText, type Output } from '../output.ts';
import type { Format } from '../option-values.ts';

export interface DoctorRequest {
  readonly mode: 'mend' | 'look';
  readonly format: Format;
}

/**
 * `doctor`: examines the data folder while no engine runs. A line for each part; exit 0 when nothing is left to do, 2
 * when something needs a person. Rejects with engine-already-running, cancelled.
 */
export async function runDoctor(
  installation: Installation,
  { mode, format }: DoctorRequest,
  output: Output,
): Promise<number> {
  const findings: Finding[] = [];
  await cancellable((signal) =>
    examine({
      ...engineOptions(installation, 'error'),
      mode,
      signal,
      onFinding: (finding) => {
        findings.push(finding);
        output.progress.end('');
        if (format === 'json') return;
        const mark = needsAttention(finding) ? '!' : ' ';
        for (const line of linesOf(finding, mode)) output.out(`${mark} ${line}`);
      },
      onProgress: ({ images, bytes }) =>
        output.progress.update(`Reading local copies: ${images} images, ${bytesText(bytes)}`),
    }),
  );
  const isWell = !findings.some(needsAttention);
  if (format === 'json') output.out(JSON.stringify({ well: isWell, mode, findings }));
  else output.out(isWell ? 'Nothing is left to do.' : 'Lines marked with ! need somebody.');
  return isWell ? exitCode.ok : exitCode.partly;
}

function linesOf(finding: Finding, mode: DoctorRequest['mode']): readonly string[] {
  const done = mode === 'mend' ? 'mended' : 'would be mended';
  switch (finding.tag) {
    case 'empty':
      return ['Nothing was received here yet, and no keys were made.'];
    case 'keys':
      return [`Keys: open. ${recoveryText[finding.recovery]}`];
    case 'database':
      return finding.problems.length === 0
        ? ['Database: whole, and its counts agree.']
        : [
            `Database: ${finding.problems.slice(0, 10).join('; ')}. Next step: keep a copy of the data folder, then write to support.`,
          ];
    case 'audit': {
      const { breaks, breakCount, proven } = finding.check;
      if (breaks[0] === undefined)
        return [`Audit trail: ${proven} entries, proven from the first to the last.`];
      const rest = breakCount > 1 ? ` (and ${breakCount - 1} more)` : '';
      return [
        `Audit trail: ${auditBreakText(breaks[0])}${rest}. Next step: keep a copy of the data folder; \`edge-sync audit verify\` tells more.`,
      ];
    }
    case 'reconciled':
      return reconciledLines(finding.report);
    case 'copies':
      return copiesLines(finding.report, mode);
    case 'set-aside':
      return finding.files === 0
        ? ['Set aside: nothing.']
        : [
            `Set aside: ${finding.files} files in spool/set-aside. They are sealed; keep them until somebody has looked.`,
          ];
    case 'leftovers':
      return finding.files === 0
        ? ['Leftovers: none.']
        : [`Leftovers: ${finding.files} temporary files, ${done} (removed).`];
    case 'rights':
      return finding.entries === 0
        ? ['Rights: for the owner alone.']
        : [`Rights: ${finding.entries} files or folders could be read by others, ${done}.`];
    case 'disk':
      return [`Disk: ${bytesText(finding.freeBytes)} free${finding.isLow ? ', which is low.' : '.'}`];
    case 'failed':
      return [
        `${partText[finding.part]}: ${finding.error.message}. ${finding.error.nextStep} [${finding.error.code}]`,
      ];
    default:
      return assertNever(finding);
  }
}

const recoveryText = {
  none: 'There is no recovery kit yet: `edge-sync recovery create`.',
  created: 'The recovery words are not proven yet: `edge-sync recovery check`.',
  proven: 'The recovery words are proven.',
} as const;

const partText = {
  keys: 'Keys',
  database: 'Database',
  audit: 'Audit trail',
  copies: 'Local copies',
} as const;

function reconciledLines(report: ReconcileReport): readonly string[] {
  const told = [
    [report.adopted, 'whole files had lost their row: received again'],
    [report.swept, 'unfinished or empty files removed'],
    [report.forgotten, 'local copies were gone; the cloud has those images'],
    [report.missing, 'images are gone from this PC and not in the cloud: send them again from the device'],
    [report.setAside, 'files do not open and were set aside'],
    [report.left, 'files could not be looked at now and were left'],
  ] as const;
  const lines = told.filter(([count]) => count > 0).map(([count, text]) => `Spool: ${count} ${text}.`);
  return lines.length === 0 ? ['Spool: files and rows agree.'] : lines;
}

function copiesLines(report: SpoolCheckReport, mode: DoctorRequest['mode']): readonly string[] {
  const told = [
    [report.safeElsewhere, 'are missing or damaged here; the cloud has them'],
    [report.atRisk, 'are missing or damaged here and not in the cloud: send them again from the device'],
    [report.unread, 'could not be read now: check the disk'],
  ] as const;
  return [
    `Local copies: ${report.whole} images opened and compared, ${bytesText(report.bytes)}.`,
    ...told.filter(([count]) => count > 0).map(([count, text]) => `Local copies: ${count} ${text}.`),
    ...(report.unnamed > 0
      ? [
          mode === 'look'
            ? `Spool: ${report.unnamed} files have no row; without --dry-run they are received again or set aside.`
            : `Spool: ${report.unnamed} files have no row.`,
        ]
      : []),
  ];
}
