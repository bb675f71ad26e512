/** `edge-sync devices watch` and `diagnose`: what is seen of devices that call, and what is wrong with them. */
import { findingText } from '../../../shared/diagnosis-text.ts';
import type { Finding, PairingState, SelfTest, Visit } from '../../../shared/pairing.ts';
import type { EngineClient } from '../../rpc/client.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { cancellable } from '../cancellable.ts';
import { exitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import type { Format } from '../option-values.ts';

/** Until it is interrupted: every connection as it changes, and every finding once. `json`: one line for each state. */
export async function runDevicesWatch(client: EngineClient, format: Format, output: Output): Promise<number> {
  if (format === 'text') output.out('Listening. Press “echo” or “verify” on the device; Ctrl-C ends.');
  const told = new Set<string>();
  const tell = (line: string): void => {
    if (told.has(line)) return;
    // Bounded, however long it runs.
    if (told.size >= mostTold) told.clear();
    told.add(line);
    output.out(line);
  };
  try {
    await cancellable(async (signal) => {
      const states = await client.pairing.watch(undefined, { signal });
      for await (const state of states) {
        if (format === 'json') output.out(JSON.stringify(state));
        else for (const line of linesOf(state)) tell(line);
      }
    });
  } catch (error) {
    // Being interrupted is how it ends.
    if (!(error instanceof EdgeSyncError && error.code === 'cancelled')) throw error;
  }
  return exitCode.ok;
}

const mostTold = 1000;

/** Exit 0 when nothing is wrong, 1 when something is. */
export async function runDevicesDiagnose(
  client: EngineClient,
  format: Format,
  output: Output,
): Promise<number> {
  const diagnosis = await client.pairing.diagnose();
  const { connection, selfTests, visits, findings } = diagnosis;
  const isTrouble = findings.some(({ tone }) => tone === 'trouble');
  const code = isTrouble ? exitCode.failed : exitCode.ok;
  if (format === 'json') {
    const told = findings.map((one) => ({ ...one, ...findingText(one) }));
    output.out(JSON.stringify({ ...diagnosis, findings: told }, undefined, 2));
    return code;
  }
  output.out(
    `To type into the device: AE title ${connection.aeTitle}, address ${connection.host ?? 'none'}, port ${connection.port}, TLS port ${connection.tlsPort ?? 'off'}`,
  );
  for (const test of selfTests) output.out(testLine(test));
  for (const visit of visits.slice(0, visitsShown)) output.out(visitLine(visit));
  if (visits.length === 0) output.out('No device has called since the engine was started.');
  for (const finding of findings) for (const line of findingLines(finding)) output.out(line);
  if (findings.length === 0) output.out('Nothing is wrong that can be seen from here.');
  return code;
}

const visitsShown = 10;

function linesOf({ visits, callers, findings }: PairingState): readonly string[] {
  return [
    ...[...visits].reverse().map(visitLine),
    ...callers.map(
      ({ id, callingAeTitle, address }) =>
        `${callingAeTitle ?? '(unreadable title)'} at ${address} waits: edge-sync devices allow ${id.slice(0, 8)} --name NAME`,
    ),
    ...findings.flatMap((one) => [findingLines(one).join('\n')]),
  ];
}

function testLine({ entrance, host, port, result }: SelfTest): string {
  const what = { answers: 'answers', refused: 'REFUSED', timeout: 'NO ANSWER' }[result];
  return `Own ${entrance === 'tls' ? 'TLS ' : ''}port ${host}:${port}: ${what}`;
}

function visitLine(visit: Visit): string {
  const { lastAt, address, entrance, callingAeTitle, echoes, images, imagesRefused, problem, state, count } =
    visit;
  const did = [
    ...(echoes > 0 ? [`${echoes} echo answered`] : []),
    ...(images > 0 ? [`${images} images received`] : []),
    ...(imagesRefused > 0 ? [`${imagesRefused} images refused`] : []),
    ...(problem === null ? [] : [problemWord(problem)]),
    ...(state === 'open' ? ['connected now'] : []),
    ...(count > 1 ? [`${count} times`] : []),
  ];
  return `${lastAt}  ${callingAeTitle ?? '-'}  ${address}  ${entrance}  ${did.join(', ') || 'connected'}`;
}

function problemWord(problem: NonNullable<Visit['problem']>): string {
  switch (problem.tag) {
    case 'refused':
      return `refused: ${problem.because}`;
    case 'tls':
      return `TLS: ${problem.what}`;
    case 'nothing-in-common':
      return `nothing in common: ${problem.why}`;
    case 'image-refused':
      return `image refused: ${problem.code}`;
    default:
      return problem.tag;
  }
}

function findingLines(finding: Finding): readonly string[] {
  const { title, step } = findingText(finding);
  const { address, aeTitle, tone } = finding;
  const mark = { trouble: '!', decide: '?', hint: '-' }[tone];
  const from = address === null ? '' : ` (${aeTitle === null ? '' : `${aeTitle} at `}${address})`;
  return [`${mark} ${title}${from}`, `  ${step}`];
}
