import type { StatusReport } from '../../../shared/status.ts';
import { assertNever } from '../../../shared/assert-never.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { EngineClient } from '../../rpc/client.ts';
import { statusExitCode } from '../exit-codes.ts';
import { bytesText, errorLine, type Output } from '../output.ts';
import type { Format } from '../option-values.ts';

/** `edge-sync status`: exit 0 all safe, 1 needs attention, 2 working, 3 engine not running. */
export async function runStatus(
  client: EngineClient,
  options: { readonly format: Format; readonly link: 'wanted' | 'not-wanted' },
  output: Output,
): Promise<number> {
  let report: StatusReport;
  try {
    report = await client.agent.status();
  } catch (error) {
    if (!(error instanceof EdgeSyncError) || error.code !== 'engine-not-running') throw error;
    if (options.format === 'json') output.out(JSON.stringify({ engine: 'not-running', ...error.report }));
    output.err(errorLine(error));
    return statusExitCode.notRunning;
  }
  if (options.link === 'wanted') {
    const { url } = await client.agent.link();
    output.out(url ?? 'No page is served; start the engine with --web 0.');
  } else if (options.format === 'json') output.out(JSON.stringify(report, undefined, 2));
  else for (const line of textOf(report)) output.out(line);
  return exitCodeOf(report);
}

function exitCodeOf(report: StatusReport): number {
  switch (report.headline) {
    case 'all-safe':
      return statusExitCode.allSafe;
    case 'working':
      return statusExitCode.working;
    case 'attention':
    case 'not-receiving':
      return statusExitCode.needsAttention;
    default:
      return assertNever(report.headline);
  }
}

function accessLines({ access }: StatusReport): readonly string[] {
  if (access === undefined) return [];
  const { devices, openAssociations, waitingCallers, waitingClasses } = access;
  return [
    `  devices: ${devices.length} paired, ${openAssociations} sending now`,
    ...devices.flatMap(({ name, warning }) => (warning === null ? [] : [`    ${name}: ${warning.message}`])),
    ...(waitingCallers === 0
      ? []
      : [`    refused callers to look at: ${waitingCallers} (edge-sync devices callers)`]),
    ...(waitingClasses === 0
      ? []
      : [`    unknown classes to look at: ${waitingClasses} (edge-sync devices classes)`]),
  ];
}

function recoveryText({ recovery, recoveryKit }: StatusReport): string {
  if (recoveryKit === undefined) return recovery;
  const { provenAt, provenBy, dueAt } = recoveryKit;
  const by = provenBy === 'cloud-object' ? 'on an image of the cloud' : 'on a test object';
  return `${recovery} ${provenAt.slice(0, 10)} ${by}, next check by ${dueAt.slice(0, 10)}`;
}

/** How long it can go on receiving when the cloud is away. */
function daysLeftText({ spool: { daysLeft } }: StatusReport): string {
  if (daysLeft === null || daysLeft === undefined) return '';
  const days = daysLeft >= 10 ? Math.floor(daysLeft) : Math.floor(daysLeft * 10) / 10;
  return `; without the cloud it can receive for about ${days === 1 ? '1 day' : `${days} days`}`;
}

function backFillText({ backFill }: StatusReport['destinations'][number]): string {
  if (backFill === undefined) return '';
  const { waiting, total, active, bytesPerSecond, error } = backFill;
  const rate = active === 0 ? '' : `, ${bytesText(bytesPerSecond)}/s`;
  const line = `\n    copied from another destination: ${total - waiting} of ${total}${rate}`;
  return error === null ? line : `${line}\n    ${error.message}. ${error.nextStep}`;
}

function provenText({ provenBy }: StatusReport['destinations'][number]): string {
  return provenBy === undefined
    ? ''
    : ` (${provenBy.identical} fetched back and identical, ${provenBy.listed} only listed)`;
}

const headlineText = {
  'all-safe': 'All safe',
  working: 'Working',
  attention: 'Needs attention',
  'not-receiving': 'Not receiving',
} as const;

function textOf(report: StatusReport): readonly string[] {
  const { counts, listener, spool } = report;
  return [
    headlineText[report.headline],
    `  received ${counts.received}: verified ${counts.verified}, on the way ${counts.pending}, failed ${counts.failed}, parked ${counts.parked}`,
    `  listening: ${listener.up ? `${listener.aeTitle} on ${listener.host}:${listener.port}` : 'no'}`,
    ...report.destinations.map(
      (one) =>
        `  ${one.name} (${one.kind}${one.required ? '' : ', best effort'}): ${one.state}, verified ${one.verified}${provenText(one)}, pending ${one.pending}` +
        (one.error === null ? '' : `\n    ${one.error.message}. ${one.error.nextStep}`) +
        backFillText(one),
    ),
    ...accessLines(report),
    `  on this PC: ${bytesText(spool.bytes)} sealed, ${bytesText(spool.freeBytes)} free${daysLeftText(report)}`,
    `  recovery kit: ${recoveryText(report)}`,
    ...report.failures.map(
      (one) =>
        `  ! ${one.message}. ${one.nextStep} (${one.imagesSafe ? 'images are safe' : 'images at risk'}${one.count > 1 ? `, ${one.count} times` : ''})`,
    ),
  ];
}
