import { assertNever } from '../../../shared/assert-never.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { aeTitleSchema } from '../../../shared/settings.ts';
import type { Clock } from '../../engine/ports.ts';
import { echo } from '../../engine/send/echo.ts';
import type { Peer } from '../../engine/send/requestor.ts';
import { sendFiles } from '../../engine/send/send-files.ts';
import { SystemRandom } from '../../engine/system/random.ts';
import { connectionOf, type TlsOptions } from '../tls-options.ts';
import { cancellable } from '../cancellable.ts';
import { exitCode } from '../exit-codes.ts';
import { bar, bytesText, errorLine, type Output } from '../output.ts';
import { commitSent } from './send-commit.ts';

/** `edge-sync echo HOST PORT AET`. */
export async function runEcho(
  options: TlsOptions & {
    readonly host: string;
    readonly port: string;
    readonly aet: string;
    readonly calling: string;
  },
  clock: Clock,
  output: Output,
): Promise<number> {
  const peer = peerOf(options.host, options.port, options.aet, options.calling);
  const { roundTripMs } = await echo({ ...peer, clock, openConnection: await connectionOf(options, clock) });
  output.out(`${peer.calledAe} at ${peer.host}:${peer.port} answers (${roundTripMs.toFixed(1)} ms)`);
  return exitCode.ok;
}

/** `edge-sync send PATH... --to AET@HOST:PORT`: exit 2 when some files were not taken, 1 when none was. */
export async function runSend(
  options: TlsOptions & {
    readonly paths: readonly string[];
    readonly to: string;
    readonly calling: string;
    /** Seconds to wait for the answer to storage commitment; undefined: it is not asked. */
    readonly commit?: number | undefined;
  },
  clock: Clock,
  output: Output,
): Promise<number> {
  const openConnection = await connectionOf(options, clock);
  const peer = peerFrom(options.to, options.calling);
  const report = await cancellable((signal) =>
    sendFiles({
      paths: options.paths,
      peer,
      clock,
      signal,
      openConnection,
      onProgress: ({ files, sent, failed, bytes, totalBytes }) =>
        output.progress.update(
          `${bar(bytes, totalBytes)} ${sent + failed} of ${files} files, ${bytesText(bytes)} of ${bytesText(totalBytes)}`,
        ),
    }),
  );
  output.progress.end('');
  for (const result of report.results) {
    switch (result.tag) {
      case 'sent':
        break;
      case 'failed':
        output.err(errorLine(result.error).replace('edge-sync: ', `edge-sync: ${result.path}: `));
        break;
      default:
        assertNever(result);
    }
  }
  output.out(`sent ${report.sent}, failed ${report.failed}`);
  const code = report.failed === 0 ? exitCode.ok : report.sent > 0 ? exitCode.partly : exitCode.failed;
  const { commit: waitSeconds } = options;
  if (waitSeconds === undefined) return code;
  const random = new SystemRandom();
  const { results } = report;
  const committed = await cancellable((signal) =>
    commitSent({ peer, results, waitSeconds, openConnection, clock, random, signal }, output),
  );
  return code === exitCode.ok ? committed : code;
}

/** `AET@HOST:PORT`; an IPv6 address stands in brackets. `option`: where it was given. */
export function peerFrom(to: string, calling: string, option = '--to'): Peer {
  const match = /^(?<aet>[^@]{1,16})@(?:\[(?<six>[^\]]+)\]|(?<host>[^:@]+)):(?<port>\d{1,5})$/.exec(to);
  const { aet, six, host, port } = match?.groups ?? {};
  if (aet === undefined || port === undefined)
    throw new EdgeSyncError('usage', `${option} takes AET@HOST:PORT`);
  return peerOf(six ?? host ?? '', port, aet, calling);
}

function peerOf(host: string, portText: string, aet: string, calling: string): Peer {
  const port = Number(portText);
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new EdgeSyncError('usage', 'a port is a number from 1 to 65535');
  }
  for (const title of [aet, calling]) {
    const checked = aeTitleSchema.safeParse(title);
    if (!checked.success) throw new EdgeSyncError('usage', checked.error.issues[0]?.message ?? 'AE title');
  }
  return { host, port, calledAe: aet, callingAe: calling };
}
