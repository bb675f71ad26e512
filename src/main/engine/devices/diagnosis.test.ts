import { describe, expect, it } from 'vitest';
import { connection } from '../../../../test/support/agent-access.ts';
import { visit } from '../../../../test/support/agent-pairing.ts';
import { diagnosisText, findingText } from '../../../shared/diagnosis-text.ts';
import { findingCodeSchema, type SelfTest, type VisitProblem } from '../../../shared/pairing.ts';
import { diagnose, type DiagnosisFacts, findingsOf, previousHost } from './diagnosis.ts';

function facts(change: Partial<DiagnosisFacts> = {}): DiagnosisFacts {
  return {
    connection: connection(),
    visits: [],
    previousHost: null,
    selfTests: [],
    isOwnAddress: (address) => address === '192.168.1.20',
    ...change,
  };
}
const codes = (change: Partial<DiagnosisFacts>) => diagnose(facts(change)).map(({ code }) => code);
const answers: SelfTest = { entrance: 'plain', host: '192.168.1.20', port: 11112, result: 'answers' };

describe('the diagnosis of this PC', () => {
  it('says nothing while nothing is known to be wrong', () => {
    expect(codes({})).toEqual([]);
  });

  it('says that nobody or only this PC can reach it, before anything else', () => {
    expect(codes({ connection: connection({ reach: 'nobody', host: null }) })).toEqual(['not-listening']);
    expect(codes({ connection: connection({ reach: 'this-pc', host: '127.0.0.1' }) })).toEqual([
      'loopback-only',
    ]);
  });

  it('suspects the firewall only when its own port answers and nobody else has ever come', () => {
    expect(codes({ selfTests: [answers] })).toEqual(['nothing-arrives']);
    expect(
      codes({ selfTests: [answers], visits: [visit({ address: '192.168.1.20', problem: null })] }),
    ).toEqual(['nothing-arrives']);
    expect(codes({ selfTests: [answers], visits: [visit({ problem: null, proposals: [] })] })).toEqual([]);
    expect(codes({ selfTests: [{ ...answers, result: 'refused' }] })).toEqual(['self-test-failed']);
  });

  it('says that the address is another one than before', () => {
    const [found] = diagnose(facts({ previousHost: '192.168.1.7' }));
    expect(found).toMatchObject({
      code: 'address-changed',
      values: { now: '192.168.1.20', before: '192.168.1.7' },
    });
    expect(codes({ previousHost: '192.168.1.20' })).toEqual([]);
  });
});

describe('an address that changed', () => {
  const at = (hour: number) => new Date(Date.UTC(2026, 0, 5, hour)).toISOString();
  const known = [
    { address: '192.168.1.20', firstAtMs: Date.parse(at(12)) },
    { address: '192.168.1.7', firstAtMs: Date.parse(at(6)) },
  ];

  it('counts as long as a device that was told the old one has not come since', () => {
    const out = { pairedAt: at(7), lastSeenAt: at(11) };
    expect(previousHost('192.168.1.20', known, [out])).toBe('192.168.1.7');
    expect(previousHost('192.168.1.20', known, [{ ...out, lastSeenAt: null }])).toBe('192.168.1.7');
    expect(previousHost('192.168.1.20', known, [{ ...out, lastSeenAt: at(13) }])).toBeNull();
    expect(previousHost('192.168.1.20', known, [{ pairedAt: at(13), lastSeenAt: null }])).toBeNull();
    expect(previousHost('192.168.1.20', known.slice(0, 1), [out])).toBeNull();
    expect(previousHost(null, known, [out])).toBeNull();
  });
});

describe('the diagnosis of a device', () => {
  it('goes by what it did last: a mistake that was mended is no news', () => {
    const bad = visit({ id: '1', problem: { tag: 'refused', because: 'other-called-title' } });
    const good = visit({ id: '2', problem: null, proposals: [] });
    expect(codes({ visits: [good, bad] })).toEqual([]);
    expect(codes({ visits: [bad, good] })).toEqual(['other-called-title']);
  });

  it('fills every text that a problem leads to', () => {
    const problems: readonly VisitProblem[] = [
      ...(
        [
          'unknown-title',
          'other-address',
          'tls-only',
          'plain-only',
          'other-certificate',
          'other-called-title',
          'odd-title',
        ] as const
      ).map((because) => ({ tag: 'refused', because }) as const),
      ...(
        [
          'missing',
          'expired',
          'not-yet-valid',
          'foreign',
          'revoked',
          'too-old',
          'distrusts-us',
          'broken-off',
        ] as const
      ).map((what) => ({ tag: 'tls', what }) as const),
      { tag: 'nothing-in-common', why: 'class' },
      { tag: 'nothing-in-common', why: 'syntax' },
      { tag: 'image-refused', code: 'disk-full' },
      { tag: 'aborted-by-device', source: 'service-user', reason: 'not-specified' },
      { tag: 'protocol', reason: 'unexpected-pdu' },
      ...(
        [
          'outdated',
          'limit',
          'tls-on-plain-port',
          'plain-on-tls-port',
          'pdu-too-long',
          'pdu-too-small',
          'not-dicom',
          'hung-up',
          'silent',
          'lost',
          'stalled',
        ] as const
      ).map((tag) => ({ tag }) as const),
    ];
    const seen = new Set<string>();
    for (const problem of problems) {
      const [found] = findingsOf(visit({ problem, proposals: refusedProposals }), connection());
      seen.add(found!.code);
      const { title, step } = findingText(found!);
      const names = [
        ...`${diagnosisText[found!.code].title} ${diagnosisText[found!.code].step}`.matchAll(
          /\{\{(\w+)\}\}/g,
        ),
      ];
      for (const [, name = ''] of names)
        expect([problem.tag, name, found!.values[name] ?? '']).not.toContain('');
      expect(title + step).not.toMatch(/\{\{|undefined/);
    }
    const general = [
      'not-listening',
      'loopback-only',
      'address-changed',
      'self-test-failed',
      'nothing-arrives',
    ];
    const partly = ['some-classes-refused', 'some-syntaxes-refused', 'tls-on-plain-port-off'];
    expect([...seen, ...general, ...partly].sort()).toEqual([...findingCodeSchema.options].sort());
  });

  it('tells of what was refused beside a break-off that gives no reason', () => {
    const found = findingsOf(
      visit({
        problem: { tag: 'aborted-by-device', source: 'service-user', reason: 'not-specified' },
        proposals: refusedProposals,
      }),
      connection(),
    );
    expect(found.map(({ code }) => code)).toEqual([
      'aborted-by-device',
      'some-classes-refused',
      'some-syntaxes-refused',
    ]);
  });
});

const refusedProposals = [
  {
    uid: '1.2.840.10008.5.1.4.1.1.2',
    keyword: 'CTImageStorage',
    syntaxes: [],
    answer: 'class-refused' as const,
  },
  {
    uid: '1.2.840.10008.5.1.4.1.1.6.1',
    keyword: 'UltrasoundImageStorage',
    syntaxes: [{ uid: '1.2.840.10008.1.2.4.94', keyword: null }],
    answer: 'syntax-refused' as const,
  },
];
