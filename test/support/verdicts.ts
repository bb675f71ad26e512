/** What each place says of one and the same status: `status --json`, the page's headline, the tray. */
import { expect } from 'vitest';
import { runStatus } from '../../src/main/cli/commands/status.ts';
import type { EngineClient } from '../../src/main/rpc/client.ts';
import { textsFor } from '../../src/main/shell/desk/texts.ts';
import { trayView } from '../../src/main/shell/desk/tray-view.ts';
import { headlineView, type Tone } from '../../src/renderer/state/headline-view.ts';
import type { AgentState } from '../../src/shared/agent-state.ts';
import { statusReportSchema, type Headline, type StatusReport } from '../../src/shared/status.ts';

export interface Verdicts {
  /** Of `status --json`: its headline and its `safe`, and its exit code. */
  readonly json: Headline;
  readonly safe: boolean;
  readonly exitCode: number;
  readonly page: Tone;
  readonly tray: Headline;
}

export function agentOf(status: StatusReport): AgentState {
  return {
    status,
    studies: [],
    studiesTotal: 0,
    version: '0.1.0',
    startedAt: '2026-01-05T08:00:00.000Z',
    uploadBytesPerSecond: 0,
  };
}

export async function verdictsOf(given: StatusReport): Promise<Verdicts> {
  // As it comes out of the contract at the other end.
  const status = statusReportSchema.parse(JSON.parse(JSON.stringify(given)));
  const lines: string[] = [];
  const client = { agent: { status: () => Promise.resolve(status) } } as unknown as EngineClient;
  const exitCode = await runStatus(
    client,
    { format: 'json', link: 'not-wanted' },
    {
      out: (line) => lines.push(line),
      err: (line) => lines.push(line),
      progress: { update: () => undefined, end: () => undefined },
    },
  );
  const json = statusReportSchema.parse(JSON.parse(lines.join('\n')));
  const view = { connection: { tag: 'live' }, agent: agentOf(status), heardAtMs: 0 } as const;
  return {
    json: json.headline,
    safe: json.safe,
    exitCode,
    page: headlineView(view).tone,
    tray: trayView(status, textsFor('en-GB'), { startsAtLogin: false, engineOwner: 'us' }).shape,
  };
}

const exitCodes: Readonly<Record<Headline, number>> = {
  'all-safe': 0,
  working: 2,
  attention: 1,
  'not-receiving': 1,
};

/** All say `headline`. */
export async function expectAllSay(status: StatusReport, headline: Headline): Promise<void> {
  expect(await verdictsOf(status), JSON.stringify(status.failures)).toEqual({
    json: headline,
    safe: headline === 'all-safe',
    exitCode: exitCodes[headline],
    page: headline,
    tray: headline,
  });
}
