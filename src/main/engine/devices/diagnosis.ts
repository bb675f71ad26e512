/** What is wrong when a device does not get through, told from what was seen of it. Pure. */
import { assertNever } from '../../../shared/assert-never.ts';
import type { Connection, Device } from '../../../shared/devices.ts';
import type {
  Finding,
  FindingCode,
  Proposal,
  SelfTest,
  Visit,
  VisitProblem,
} from '../../../shared/pairing.ts';
import { verificationSopClass } from '../dicom/sop-classes.ts';
import { isStorageLike } from '../receive/refused-classes.ts';

export interface DiagnosisFacts {
  readonly connection: Connection;
  /** The newest first. */
  readonly visits: readonly Visit[];
  /** Where this PC was listening before, when that was another address; null: nowhere else. */
  readonly previousHost: string | null;
  /** Empty: not made. */
  readonly selfTests: readonly SelfTest[];
  readonly isOwnAddress: (address: string) => boolean;
}

interface KnownAddress {
  readonly address: string;
  /** When it began to be listened on this time. */
  readonly firstAtMs: number;
}

/**
 * Where this PC was listening before, as long as a device that was told that address has not come since; null otherwise.
 * `known`: the latest first.
 */
export function previousHost(
  host: string | null,
  known: readonly KnownAddress[],
  devices: readonly Pick<Device, 'pairedAt' | 'lastSeenAt'>[],
): string | null {
  const now = known.find(({ address }) => address === host);
  const before = known.find(({ address }) => address !== host);
  if (now === undefined || before === undefined) return null;
  const isOut = devices.some(
    ({ pairedAt, lastSeenAt }) =>
      Date.parse(pairedAt) < now.firstAtMs && (lastSeenAt === null || Date.parse(lastSeenAt) < now.firstAtMs),
  );
  return isOut ? before.address : null;
}

/** How many classes or codings are named; the rest is counted by dots. */
const mostNamed = 4;

/** This PC first, then each device by its latest visit. */
export function diagnose(facts: DiagnosisFacts): readonly Finding[] {
  return [...aboutThisPc(facts), ...aboutVisits(facts)];
}

function aboutThisPc({
  connection,
  previousHost,
  selfTests,
  visits,
  isOwnAddress,
}: DiagnosisFacts): Finding[] {
  const { reach, host } = connection;
  if (reach === 'nobody' || host === null) return [general('not-listening', 'trouble', {})];
  if (reach === 'this-pc') return [general('loopback-only', 'trouble', {})];
  const found: Finding[] = [];
  if (previousHost !== null && previousHost !== host)
    found.push(general('address-changed', 'hint', { now: host, before: previousHost }));
  const failed = selfTests.filter(({ result }) => result !== 'answers');
  for (const test of failed)
    found.push(general('self-test-failed', 'trouble', { host: test.host, port: String(test.port) }));
  const fromOutside = visits.some(({ address }) => !isOwnAddress(address));
  const [tested] = selfTests;
  if (tested !== undefined && failed.length === 0 && !fromOutside)
    found.push(general('nothing-arrives', 'trouble', { host: tested.host, port: String(tested.port) }));
  return found;
}

/** Of one address what it did last counts: an earlier mistake that was mended is no news. */
function aboutVisits({ visits, connection }: DiagnosisFacts): Finding[] {
  const seen = new Set<string>();
  const found: Finding[] = [];
  for (const visit of visits) {
    if (seen.has(visit.address)) continue;
    seen.add(visit.address);
    found.push(...findingsOf(visit, connection));
  }
  return found;
}

/** What one visit shows; nothing when all went well. */
export function findingsOf(visit: Visit, connection: Connection): readonly Finding[] {
  const { problem } = visit;
  if (problem === null) return partly(visit);
  const { code, values, tone } = told(problem, visit, connection);
  const found = about(visit, code, tone, values);
  // It may have gone because of what it could not have.
  const isUnsaid = problem.tag === 'aborted-by-device' || problem.tag === 'lost';
  return isUnsaid ? [found, ...partly(visit)] : [found];
}

interface Told {
  readonly code: FindingCode;
  readonly tone: Finding['tone'];
  readonly values: Readonly<Record<string, string>>;
}

function told(problem: VisitProblem, visit: Visit, connection: Connection): Told {
  const trouble = (code: FindingCode, values: Readonly<Record<string, string>> = {}): Told => ({
    code,
    tone: 'trouble',
    values,
  });
  const ports = { port: String(connection.port), tlsPort: String(connection.tlsPort ?? '') };
  switch (problem.tag) {
    case 'refused':
      return {
        code: problem.because,
        tone: problem.because === 'unknown-title' ? 'decide' : 'trouble',
        values: {
          title: visit.callingAeTitle ?? '',
          address: visit.address,
          called: visit.calledAeTitle ?? '?',
          ours: connection.aeTitle,
        },
      };
    case 'tls':
      return trouble(`tls-${problem.what}`);
    case 'tls-on-plain-port':
      return trouble(connection.tlsPort === null ? 'tls-on-plain-port-off' : 'tls-on-plain-port', ports);
    case 'plain-on-tls-port':
      return trouble('plain-on-tls-port', ports);
    case 'nothing-in-common':
      return problem.why === 'class'
        ? trouble('no-common-class', { kinds: kinds(visit, 'class-refused') })
        : trouble('no-common-syntax', { syntaxes: syntaxes(visit) });
    case 'image-refused':
      return trouble('image-refused', { reason: problem.code });
    case 'aborted-by-device': {
      const reason = `${problem.source}, ${problem.reason}`;
      // Some devices end every test like this.
      const tone = visit.echoes + visit.images > 0 ? 'hint' : 'trouble';
      return { code: 'aborted-by-device', tone, values: { reason } };
    }
    case 'protocol':
      return trouble('protocol', { reason: problem.reason });
    case 'hung-up':
    case 'silent':
      return { code: problem.tag, tone: 'hint', values: {} };
    case 'outdated':
    case 'limit':
    case 'pdu-too-long':
    case 'pdu-too-small':
    case 'not-dicom':
    case 'lost':
    case 'stalled':
      return trouble(problem.tag);
    default:
      return assertNever(problem);
  }
}

/** Let in with a part of what it proposed. */
function partly(visit: Visit): readonly Finding[] {
  const found: Finding[] = [];
  if (visit.proposals.some((one) => one.answer === 'class-refused' && isStorageLike(one.uid)))
    found.push(about(visit, 'some-classes-refused', 'hint', { kinds: kinds(visit, 'class-refused') }));
  if (visit.proposals.some((one) => one.answer === 'syntax-refused'))
    found.push(about(visit, 'some-syntaxes-refused', 'hint', { kinds: kinds(visit, 'syntax-refused') }));
  return found;
}

function kinds({ proposals }: Visit, answer: Proposal['answer']): string {
  return named(
    proposals
      .filter((one) => one.answer === answer && one.uid !== verificationSopClass && isStorageLike(one.uid))
      .map(({ uid, keyword }) => keyword ?? uid),
  );
}

/** Of what was refused for its coding alone. */
function syntaxes({ proposals }: Visit): string {
  const refused = proposals.filter(({ answer }) => answer === 'syntax-refused');
  return named([
    ...new Set(refused.flatMap((one) => one.syntaxes.map(({ uid, keyword }) => keyword ?? uid))),
  ]);
}

function named(names: readonly string[]): string {
  const shown = names.slice(0, mostNamed).join(', ');
  return names.length > mostNamed ? `${shown}, …` : shown;
}

function general(code: FindingCode, tone: Finding['tone'], values: Record<string, string>): Finding {
  return { code, tone, address: null, aeTitle: null, values, count: 1, lastAt: null };
}

function about(
  visit: Visit,
  code: FindingCode,
  tone: Finding['tone'],
  values: Readonly<Record<string, string>>,
): Finding {
  const { address, callingAeTitle, count, lastAt } = visit;
  return { code, tone, address, aeTitle: callingAeTitle, values: { ...values }, count, lastAt };
}
