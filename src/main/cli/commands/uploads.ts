import {
  longestPauseMinutes,
  type PauseRequest,
  type UploadsState,
} from '../../../shared/contract-upload.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { EngineClient } from '../../rpc/client.ts';
import { exitCode } from '../exit-codes.ts';
import { bytesText, type Output } from '../output.ts';
import type { Format } from '../option-values.ts';

type Wanted = { readonly format: Format };
type Place = { readonly destination: string | undefined };

/** `30m`, `2h`, `until-tomorrow`. Throws usage. */
export function pauseOf(text: string): PauseRequest {
  if (text === 'until-tomorrow') return { tag: 'until-tomorrow' };
  const [, digits = '', unit = ''] = /^(\d{1,5})(m|h)$/.exec(text) ?? [];
  const minutes = Number(digits) * (unit === 'h' ? 60 : 1);
  if (minutes < 1 || minutes > longestPauseMinutes) {
    throw new EdgeSyncError('usage', 'a pause is 30m, 1h (1m to 24h) or until-tomorrow');
  }
  return { tag: 'for', minutes };
}

/** `edge-sync uploads`: what is sent right now, or what holds it. */
export async function runUploadsState(client: EngineClient, wanted: Wanted, output: Output): Promise<number> {
  return show(await client.uploads.state(), wanted, output);
}

/** `edge-sync pause TIME`, of all destinations or one. */
export async function runUploadsPause(
  client: EngineClient,
  wanted: Wanted & Place & { readonly time: string },
  output: Output,
): Promise<number> {
  return show(await client.uploads.pause({ ...pauseOf(wanted.time), ...placeOf(wanted) }), wanted, output);
}

/** `edge-sync resume`: ends every pause, or that of one destination. */
export async function runUploadsResume(
  client: EngineClient,
  wanted: Wanted & Place,
  output: Output,
): Promise<number> {
  return show(await client.uploads.resume(placeOf(wanted)), wanted, output);
}

/** `edge-sync uploads retry`: what failed or was set aside, one failure, one study, or all of it. */
export async function runUploadsRetry(
  client: EngineClient,
  wanted: Wanted & {
    readonly failure: string | undefined;
    readonly study: string | undefined;
    readonly all: boolean;
  },
  output: Output,
): Promise<number> {
  const { failure, study, all, format } = wanted;
  if ([failure !== undefined, study !== undefined, all].filter((one) => one).length !== 1) {
    throw new EdgeSyncError('usage', 'choose one of --failure ID, --study ID and --all');
  }
  const { retried } =
    study === undefined
      ? await client.failures.retry({ id: failure ?? null })
      : await client.studies.retry({ studyId: study });
  output.out(format === 'json' ? JSON.stringify({ retried }) : `trying ${retried} again`);
  return retried > 0 || all ? exitCode.ok : exitCode.failed;
}

function show(state: UploadsState, { format }: Wanted, output: Output): number {
  if (format === 'json') {
    output.out(JSON.stringify(state, undefined, 2));
    return exitCode.ok;
  }
  output.out(holdLine(state));
  for (const { name, pausedUntil, pending, active, width, bytesPerSecond } of state.destinations) {
    const rate = active === 0 ? '' : `, ${bytesText(bytesPerSecond)}/s`;
    output.out(
      `${name}: ${pending} waiting, ${active} of at most ${width} under way${rate}${pauseText(pausedUntil)}`,
    );
  }
  return exitCode.ok;
}

function placeOf({ destination }: Place): { readonly destination?: string } {
  return destination === undefined ? {} : { destination };
}

function pauseText(untilIso: string | null | undefined): string {
  return untilIso === null || untilIso === undefined
    ? ''
    : `, paused until ${new Date(untilIso).toLocaleString()}`;
}

function holdLine({ hold, until }: UploadsState): string {
  const when = until === null ? '' : ` until ${new Date(until).toLocaleString()}`;
  switch (hold) {
    case 'none':
      return 'uploads run';
    case 'paused':
      return `uploads are paused${when}; receiving goes on. \`edge-sync uploads resume\` ends it`;
    case 'window':
      return `uploads wait for their time of day${when} (upload.windows); receiving goes on`;
    case 'metered':
      return 'uploads wait for a network that does not cost by the byte (upload.pauseOnMetered); receiving goes on';
  }
}
