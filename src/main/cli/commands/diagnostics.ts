import type { DiagnosticsBundle } from '../../../shared/contract-diagnostics.ts';
import type { DiagnosticsReport } from '../../../shared/diagnostics.ts';
import { toEdgeSyncError, type ErrorCode } from '../../../shared/errors.ts';
import { settingFacts } from '../../../shared/settings-facts.ts';
import { bundleOf } from '../../engine/diagnostics/bundle.ts';
import { machineFacts, runtimeFacts } from '../../engine/diagnostics/machine.ts';
import { RecentLog } from '../../engine/diagnostics/recent-log.ts';
import { examine, needsAttention, type Finding } from '../../engine/doctor.ts';
import { getIn, type SettingsTree } from '../../engine/system/settings-source.ts';
import { version } from '../../version.ts';
import { cancellable } from '../cancellable.ts';
import { engineOptions } from '../engine-options.ts';
import { exitCode } from '../exit-codes.ts';
import type { Installation } from '../installation.ts';
import { mustBeNew, writeNewFiles } from '../new-file.ts';
import type { Output } from '../output.ts';
import { withEngine } from '../with-engine.ts';

/**
 * `diagnostics`: asks the engine; where none can be asked or opened, what can be told without one, with the findings of
 * `doctor` (which changes nothing here). Rejects with file-exists, file-not-writable, cancelled.
 */
export async function runDiagnostics(
  installation: Installation,
  outFile: string | undefined,
  output: Output,
): Promise<number> {
  if (outFile !== undefined) await mustBeNew([outFile]);
  const bundle = await withEngine(installation, (client) => client.diagnostics.collect()).catch(
    (error: unknown) => withoutEngine(installation, toEdgeSyncError(error).code),
  );
  if (outFile === undefined) {
    output.out(bundle.text.trimEnd());
    return exitCode.ok;
  }
  await writeNewFiles([{ path: outFile, content: bundle.text }]);
  output.out(`${outFile}: written. Read it before you send it; it holds no names, paths or secrets.`);
  return exitCode.ok;
}

async function withoutEngine(
  installation: Installation,
  engineTrouble: ErrorCode,
): Promise<DiagnosticsBundle> {
  const findings: Finding[] = [];
  const parts = engineOptions(installation, 'error');
  const { logger, clock } = parts;
  try {
    await cancellable((signal) =>
      examine({
        ...parts,
        mode: 'look',
        signal,
        onFinding: (finding) => findings.push(finding),
        onProgress: () => undefined,
      }),
    );
  } catch (error) {
    const known = toEdgeSyncError(error);
    if (known.code === 'cancelled') throw known;
    // An engine that hangs holds the folder: then there are no findings, and the trouble says why.
  }
  const problems = findings.find((finding) => finding.tag === 'database')?.problems;
  return bundleOf({
    nowMs: clock.nowMs(),
    version,
    startedAtMs: null,
    machine: machineFacts(),
    runtime: runtimeFacts(),
    settings: settingFacts().map(({ key, path }) => ({
      key,
      value: getIn(installation.settings as unknown as SettingsTree, path),
      source: 'file' as const,
    })),
    log: logger instanceof RecentLog ? logger.events : [],
    engineTrouble,
    engine: undefined,
    inconsistencies: problems?.length ?? null,
    doctor: findings.map(findingOf),
  });
}

/** Counts and codes; the words of a finding stay here. */
function findingOf(finding: Finding): DiagnosticsReport['doctor'][number] {
  const told = { found: finding.tag, needsAttention: needsAttention(finding) };
  switch (finding.tag) {
    case 'reconciled':
    case 'copies':
      return { ...told, figures: { ...finding.report } };
    case 'audit': {
      const { entries, proven, breakCount } = finding.check;
      return { ...told, figures: { entries, proven, breaks: breakCount } };
    }
    case 'set-aside':
    case 'leftovers':
      return { ...told, figures: { files: finding.files } };
    case 'rights':
      return { ...told, figures: { entries: finding.entries } };
    case 'disk':
      return { ...told, figures: { freeBytes: finding.freeBytes } };
    case 'failed':
      return { ...told, part: finding.part, code: finding.error.code };
    case 'empty':
    case 'keys':
    case 'database':
      return told;
  }
}
