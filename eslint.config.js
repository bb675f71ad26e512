import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

/**
 * The import rules of docs/architecture.md. A folder may import itself, what is named here, and libraries.
 * The pattern is a look-ahead on the relative path as written.
 */
const always = ['ports\\.ts$', 'model\\.ts$', 'system/', '\\.\\./shared/', '\\.\\./\\.\\./shared/'];

function mayImport(folder, allowed) {
  const siblings = [...always, ...allowed].join('|');
  return {
    files: [`src/main/engine/${folder}/**/*.ts`],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: electronIsForTheShell,
          patterns: [
            {
              regex: `^\\.\\./(?!${siblings})`,
              message: `${folder}/ may import only itself, ports, model, system/, shared/ and: ${allowed.join(', ') || 'nothing else'}.`,
            },
            {
              regex: `^(\\.\\./){2,}(?!\\.\\./|shared/)`,
              message: `${folder}/ may not reach outside the engine.`,
            },
          ],
        },
      ],
    },
  };
}

const electronIsForTheShell = [
  { name: 'electron', message: 'Only src/main/shell and src/main/index.ts import electron.' },
];

const timeIsAPort = [
  'error',
  {
    selector: "MemberExpression[object.name='Date'][property.name='now']",
    message: 'Time comes from the Clock port.',
  },
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'Time comes from the Clock port.',
  },
  {
    selector: "MemberExpression[object.name='Math'][property.name='random']",
    message: 'Randomness comes from the Random port.',
  },
  {
    selector: 'CallExpression[callee.name=/^(setTimeout|setInterval)$/]',
    message: 'Timers come from the Clock port.',
  },
  { selector: 'TSEnumDeclaration', message: 'Use a union of literals.' },
];

export default tseslint.config(
  { ignores: ['dist/', 'release/', 'node_modules/', 'artefacts/'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['eslint.config.js', 'bin/*.js', 'assets/reader/*.mjs'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // It refuses Promise.withResolvers<void>().
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/prefer-promise-reject-errors': [
        'error',
        { allowThrowingUnknown: true, allowThrowingAny: true },
      ],
      'max-lines': ['warn', { max: 400, skipBlankLines: true, skipComments: true }],
      eqeqeq: 'error',
    },
  },
  {
    files: ['src/**/*.ts', 'src/**/*.tsx'],
    rules: {
      'no-restricted-imports': ['error', { paths: electronIsForTheShell }],
      'no-restricted-syntax': timeIsAPort,
    },
  },
  mayImport('receive', ['intake/intake-port\\.ts$', 'commitment/commitment-port\\.ts$', 'dicom/']),
  mayImport('watch', ['intake/intake-port\\.ts$', 'dicom/']),
  mayImport('send', ['dicom/']),
  mayImport('commitment', ['dicom/', 'queue/', 'send/']),
  mayImport('dicom', []),
  mayImport('intake', ['dicom/', 'seal/seal-port\\.ts$', 'spool/', 'queue/']),
  mayImport('seal', []),
  mayImport('keys', ['seal/']),
  mayImport('kit', ['keys/', 'cloud/', 'queue/recovery-drill\\.ts$', 'restore/(copies|proven-object)\\.ts$']),
  mayImport('certificates', ['queue/certificates\\.ts$']),
  mayImport('spool', []),
  mayImport('queue', []),
  mayImport('cloud', []),
  mayImport('upload', ['queue/', 'spool/', 'cloud/', 'seal/seal-port\\.ts$']),
  mayImport('recover', ['queue/', 'spool/', 'seal/seal-port\\.ts$', 'dicom/']),
  mayImport('restore', ['cloud/', 'spool/', 'queue/', 'seal/', 'dicom/', 'send/', 'upload/manifest']),
  mayImport('share', ['cloud/', 'queue/', 'spool/', 'seal/', 'restore/(copies|proven-object|bounded)\\.ts$']),
  mayImport('preview', [
    'cloud/',
    'spool/',
    'seal/',
    'queue/study-detail\\.ts$',
    'restore/(copies|proven-object)\\.ts$',
  ]),
  mayImport('verify', ['cloud/', 'spool/', 'queue/', 'seal/seal-port\\.ts$', 'restore/', 'upload/manifest']),
  mayImport('status', ['queue/', 'spool/']),
  mayImport('home', ['queue/', 'status/study-summary\\.ts$']),
  mayImport('alerts', ['cloud/outgoing\\.ts$', 'queue/alerts\\.ts$']),
  mayImport('diagnostics', ['queue/migrations/index\\.ts$', 'queue/queue-types\\.ts$']),
  mayImport('audit', []),
  mayImport('backup', ['cloud/', 'seal/', 'queue/backup-marks\\.ts$', 'upload/retry-policy\\.ts$']),
  mayImport('rebuild', ['cloud/', 'queue/rebuilt\\.ts$', 'restore/manifest-chains\\.ts$']),
  mayImport('access', []),
  mayImport('devices', [
    'dicom/',
    'queue/devices\\.ts$',
    'receive/(authorize|admission|caller-watch|refused-classes|visit-watch)\\.ts$',
  ]),
  mayImport('system', []),
  {
    files: ['src/main/shell/**/*.ts', 'src/main/index.ts', 'src/preload/**/*.ts'],
    rules: { 'no-restricted-imports': 'off' },
  },
  { files: ['src/main/engine/system/**/*.ts'], rules: { 'no-restricted-syntax': 'off' } },
  {
    files: ['src/renderer/**/*.{ts,tsx}'],
    plugins: { 'react-hooks': reactHooks },
    rules: reactHooks.configs.recommended.rules,
  },
  {
    files: ['src/renderer/**/*.{ts,tsx}'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: electronIsForTheShell,
          patterns: [{ regex: '/main/', message: 'The renderer knows only shared/.' }],
        },
      ],
      'no-restricted-syntax': 'off',
    },
  },
  {
    files: ['src/viewer/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: electronIsForTheShell,
          patterns: [{ regex: '/main/|/renderer/(?!styles/)', message: 'The viewer knows only shared/.' }],
        },
      ],
      'no-restricted-syntax': 'off',
    },
  },
  {
    files: ['src/shared/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: electronIsForTheShell,
          patterns: [{ regex: '^\\.\\./', message: 'shared/ imports nothing of ours.' }],
        },
      ],
    },
  },
  {
    files: ['**/*.test.ts', 'test/**/*.{ts,tsx}', 'bench/**/*.ts', 'scripts/**/*.ts', '*.ts'],
    rules: {
      'no-restricted-syntax': 'off',
      'no-restricted-imports': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  { files: ['**/*.js', '**/*.mjs'], ...tseslint.configs.disableTypeChecked },
  {
    files: ['bin/*.js', 'eslint.config.js', 'assets/reader/*.mjs'],
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', URL: 'readonly', Buffer: 'readonly' },
    },
  },
  prettier,
);
