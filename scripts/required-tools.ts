/**
 * Which outside programs and test data the tests need, which of them stand on this machine, and which test files
 * ask for them. The programs are listed in debian-packages.txt, which .ci/run reads too.
 */
import { accessSync, constants, existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';

/** The checkout this file belongs to. */
export const repositoryRoot = resolve(import.meta.dirname, '..');

/** One thing a test may need, and how a person gets it. */
export interface RequiredTool {
  readonly tool: string;
  readonly source:
    | { readonly tag: 'debian'; readonly package: string; readonly program: string }
    /** Lies beside the checkout, on the machines that have it; path from the repository root. */
    | { readonly tag: 'beside'; readonly path: string };
}

/** Data and rigs that lie beside the checkout: suites that use them run where they stand. */
const besideTheCheckout: readonly RequiredTool[] = [
  { tool: 'shared-dicom', source: { tag: 'beside', path: '../shared/data/dicom' } },
  { tool: 'shared-cms', source: { tag: 'beside', path: '../shared/data/cms' } },
  { tool: 'electron-rig', source: { tag: 'beside', path: '../shared/electron-runtime/install.sh' } },
];

/**
 * Reads the table of Debian packages.
 * @throws Error naming the line when one has not exactly three columns.
 */
export function parsePackageTable(text: string): readonly RequiredTool[] {
  return text.split('\n').flatMap((line, index) => {
    const content = line.trim();
    if (content === '' || content.startsWith('#')) return [];
    const [tool, packageName, program, ...rest] = content.split(/\s+/);
    if (tool === undefined || packageName === undefined || program === undefined || rest.length > 0) {
      throw new Error(`debian-packages.txt line ${index + 1}: expected "tool package program"`);
    }
    return [{ tool, source: { tag: 'debian' as const, package: packageName, program } }];
  });
}

/** Everything a test may name in `needs(...)`. */
export const requiredTools: readonly RequiredTool[] = [
  ...parsePackageTable(readFileSync(join(import.meta.dirname, 'debian-packages.txt'), 'utf8')),
  ...besideTheCheckout,
];

/**
 * The table's entry for a name.
 * @throws Error when no such tool is listed: a spelling mistake must not turn into a skipped suite.
 */
export function requiredTool(tool: string): RequiredTool {
  const found = requiredTools.find((one) => one.tool === tool);
  if (found === undefined) {
    throw new Error(`unknown tool "${tool}": add it to scripts/debian-packages.txt`);
  }
  return found;
}

/** Absolute path of a program on PATH or in /usr/sbin (where Debian puts daemons), or undefined. */
export function findProgram(program: string, searchPath = process.env['PATH'] ?? ''): string | undefined {
  const folders = [...searchPath.split(delimiter), '/usr/sbin'].filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, program)).find(isExecutableFile);
}

function isExecutableFile(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Whether the tool can be used on this machine now. */
export function isPresent(tool: RequiredTool): boolean {
  if (tool.source.tag === 'beside') return existsSync(resolve(repositoryRoot, tool.source.path));
  const { program } = tool.source;
  return isAbsolute(program) ? existsSync(program) : findProgram(program) !== undefined;
}

/** One line (without its end) telling how missing tools are brought. */
export function howToGet(tools: readonly RequiredTool[]): string {
  const packages = [
    ...new Set(tools.flatMap(({ source }) => (source.tag === 'debian' ? [source.package] : []))),
  ];
  const paths = [...new Set(tools.flatMap(({ source }) => (source.tag === 'beside' ? [source.path] : [])))];
  return [
    ...(packages.length > 0 ? [`apt-get install ${packages.sort().join(' ')}`] : []),
    ...(paths.length > 0 ? [`test data beside the checkout (${paths.sort().join(', ')})`] : []),
  ].join(' and ');
}

/** A test file and the tools its suites declare with `needs('...')`. */
export interface SuiteNeeds {
  /** Relative to the repository root. */
  readonly file: string;
  readonly tools: readonly string[];
}

/** Tool names in the `needs(...)` calls of one test file's text, without repeats. */
export function declaredNeeds(source: string): readonly string[] {
  const calls = [...source.matchAll(/\bneeds\(([^()]*)\)/g)].map((match) => match[1] ?? '');
  const names = calls.flatMap((call) =>
    [...call.matchAll(/['"]([^'"]+)['"]/g)].map((match) => match[1] ?? ''),
  );
  return [...new Set(names)];
}

/** Every test file under `root` that needs something from outside. */
export function suitesWithNeeds(root = repositoryRoot): readonly SuiteNeeds[] {
  return globSync(['src/**/*.test.{ts,tsx}', 'test/**/*.test.{ts,tsx}'], { cwd: root })
    .sort()
    .map((file) => ({ file, tools: declaredNeeds(readFileSync(join(root, file), 'utf8')) }))
    .filter(({ tools }) => tools.length > 0);
}

/** Which suites cannot run because a tool is missing. */
export interface LeftOut {
  readonly suites: readonly SuiteNeeds[];
  readonly missing: readonly RequiredTool[];
}

/** Suites left out on this machine; `missing` lists only tools that some suite asks for. */
export function leftOut(
  suites: readonly SuiteNeeds[],
  present: (tool: RequiredTool) => boolean = isPresent,
): LeftOut {
  const wanted = [...new Set(suites.flatMap(({ tools }) => tools))].map(requiredTool);
  const missing = wanted.filter((tool) => !present(tool));
  const names = new Set(missing.map(({ tool }) => tool));
  return { suites: suites.filter(({ tools }) => tools.some((tool) => names.has(tool))), missing };
}
