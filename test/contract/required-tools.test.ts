import { describe, expect, it } from 'vitest';
import {
  declaredNeeds,
  findProgram,
  howToGet,
  leftOut,
  parsePackageTable,
  requiredTool,
  suitesWithNeeds,
} from '../../scripts/required-tools.ts';
import { countResults } from '../../scripts/test-report.ts';

describe('the table of outside programs', () => {
  it('reads tool, package and program and passes over comments', () => {
    const table = parsePackageTable('# said\n\ngdcm  libgdcm-tools  gdcmscu\n');

    expect(table).toEqual([
      { tool: 'gdcm', source: { tag: 'debian', package: 'libgdcm-tools', program: 'gdcmscu' } },
    ]);
  });

  it('refuses a line with a column too few or too many, naming the line', () => {
    expect(() => parsePackageTable('a b c\nd e')).toThrow('line 2');
    expect(() => parsePackageTable('a b c d')).toThrow('line 1');
  });

  it('knows every tool that a test of this project asks for', () => {
    const asked = suitesWithNeeds().flatMap(({ tools }) => tools);

    expect(() => asked.map(requiredTool)).not.toThrow();
  });

  it('refuses a name nobody listed, so that a slip does not skip a suite', () => {
    expect(() => requiredTool('dcmkt')).toThrow('dcmkt');
  });

  it('finds a program on the path and not a folder of that name', () => {
    expect(findProgram('sh', '/bin')).toBe('/bin/sh');
    expect(findProgram('bin', '/usr')).toBeUndefined();
  });
});

describe('what is left out on a machine', () => {
  const call = ['nee', 'ds'].join('');

  it('is read from the names in the test files', () => {
    const source = `${call}('dcmtk', "openssl")('a', f); ${call}('dcmtk')('b', f); indeed('x');`;

    expect(declaredNeeds(source)).toEqual(['dcmtk', 'openssl']);
  });

  it('names the suites that lack a tool and one command that brings all of them', () => {
    const suites = [
      { file: 'a.test.ts', tools: ['dcmtk', 'openssl'] },
      { file: 'b.test.ts', tools: ['openssl'] },
      { file: 'c.test.ts', tools: ['shared-cms', 'fiu'] },
    ];

    const out = leftOut(suites, ({ tool }) => tool === 'openssl');

    expect(out.suites.map(({ file }) => file)).toEqual(['a.test.ts', 'c.test.ts']);
    expect(howToGet(out.missing)).toBe(
      'apt-get install dcmtk fiu-utils and test data beside the checkout (../shared/data/cms)',
    );
  });
});

describe('the closing count', () => {
  it('counts tests, and a file that did not load as one failure', () => {
    const report = {
      testResults: [
        {
          status: 'passed',
          assertionResults: [{ status: 'passed' }, { status: 'skipped' }, { status: 'todo' }],
        },
        {
          status: 'failed',
          assertionResults: [{ status: 'failed' }, { status: 'failed' }, { status: 'passed' }],
        },
        { status: 'failed', assertionResults: [] },
      ],
    };

    expect(countResults(report)).toEqual({ passed: 2, failed: 3, skipped: 2 });
  });
});
