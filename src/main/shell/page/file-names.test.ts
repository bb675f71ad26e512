import { describe, expect, it } from 'vitest';
import { safeFileName } from './file-names.ts';

describe('the name of a file that a page hands over', () => {
  it.each([
    ['edge-sync-kit.pdf', 'edge-sync-kit.pdf'],
    ['Borrar el 5 de marzo.csv', 'Borrar el 5 de marzo.csv'],
    ['ÁRBOL.PEM', 'ÁRBOL.pem'],
    ['../../etc/cron.d/x.txt', 'x.txt'],
    ['C:\\Windows\\x.txt', 'x.txt'],
    ['..pdf.html', 'pdf.html'],
    ['viewer.exe.html', 'viewer-exe.html'],
    ['us1.crt.pem', 'us1.crt.pem'],
    ['a\u202Efdp\u0000.\u200Bhtml', 'afdp.html'],
    ['con.txt', 'con-file.txt'],
    ['LPT1.csv', 'LPT1-file.csv'],
    ['a<b>:"c|d?*.json', 'a-b---c-d--.json'],
    ['kit.pdf. . .', 'kit.pdf'],
    [`${'x'.repeat(5_00)}.pdf`, `${'x'.repeat(56)}.pdf`],
  ])('%j becomes %j', (suggested, name) => {
    expect(safeFileName(suggested)).toBe(name);
  });

  it.each([
    'setup.exe',
    'run.sh',
    'a.desktop',
    'a.pdf.lnk',
    'a.html.bat',
    'a.app',
    'a.js',
    'a.svg',
    'no-kind',
    '.pdf',
    '',
    '...',
    'a.',
    '\u202Eexe',
  ])('%j is not saved', (suggested) => {
    expect(safeFileName(suggested)).toBeUndefined();
  });
});
