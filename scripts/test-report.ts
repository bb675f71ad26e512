/** Reads vitest's JSON report (the shape of Jest's). */

export interface VitestReport {
  readonly testResults: readonly {
    /** `failed` without a failed assertion: the file itself could not be run. */
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Counts single tests; a file that failed as a whole (it did not load, a hook threw) counts as one more failure. */
export function countResults(report: VitestReport): TestCounts {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  for (const file of report.testResults) {
    const statuses = file.assertionResults.map(({ status }) => status);
    const failedHere = statuses.filter((status) => status === 'failed').length;
    passed += statuses.filter((status) => status === 'passed').length;
    failed += file.status === 'failed' ? Math.max(failedHere, 1) : failedHere;
    skipped += statuses.filter((status) => status !== 'passed' && status !== 'failed').length;
  }
  return { passed, failed, skipped };
}
