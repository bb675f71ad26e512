/** Files that stand in the repository because something makes them, and the command that others script against. */
import { execFile, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { trayShapes } from '../../scripts/make-icons.ts';
import { settingsJsonSchema, settingsJsonSchemaFile } from '../../scripts/build.ts';
import { repositoryRoot } from '../../scripts/required-tools.ts';
import { electronRig, needs } from '../support/tools.ts';

describe('the JSON schema of the configuration', () => {
  it('is the one that the settings give today', () => {
    expect(readFileSync(settingsJsonSchemaFile, 'utf8')).toBe(settingsJsonSchema());
  });

  it('asks for no key that has a default, and knows no other', () => {
    const schema = JSON.parse(settingsJsonSchema()) as { required?: unknown; additionalProperties: unknown };

    expect([schema.required, schema.additionalProperties]).toEqual([undefined, false]);
  });
});

describe('the icons', () => {
  const assets = join(repositoryRoot, 'assets');

  /** Width and height of a PNG, from its IHDR. */
  function pngSize(name: string): readonly number[] {
    const file = readFileSync(join(assets, name));
    expect(file.subarray(1, 4).toString('latin1')).toBe('PNG');
    return [file.readUInt32BE(16), file.readUInt32BE(20)];
  }

  /** Sizes in an ICO's directory. */
  function icoSizes(name: string): readonly number[] {
    const file = readFileSync(join(assets, name));
    return Array.from({ length: file.readUInt16LE(4) }, (_, index) => file[6 + index * 16]! || 256);
  }

  it.each(trayShapes)('of the tray stand there for every desktop: %s', (shape) => {
    for (const background of ['light', 'dark']) {
      expect(pngSize(`tray/${shape}-on-${background}.png`)).toEqual([22, 22]);
      expect(pngSize(`tray/${shape}-on-${background}@2x.png`)).toEqual([44, 44]);
      expect(icoSizes(`tray/${shape}-on-${background}.ico`)).toEqual([16, 20, 24, 32, 40, 48, 64]);
    }
    expect(pngSize(`tray/${shape}Template.png`)).toEqual([16, 16]);
    expect(pngSize(`tray/${shape}Template@2x.png`)).toEqual([32, 32]);
  });

  it('differ from each other in what macOS leaves of them, the outline alone', () => {
    const drawn = trayShapes.map((shape) =>
      readFileSync(join(assets, 'tray', `${shape}Template.png`), 'base64'),
    );

    expect(new Set(drawn).size).toBe(trayShapes.length);
  });

  it('of the app are large enough for the installers', () => {
    expect(pngSize('icon.png')).toEqual([1024, 1024]);
    expect(icoSizes('icon.ico')).toContain(256);
  });
});

describe('the edge-sync command', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'edge-sync-bin-'));
    mkdirSync(join(folder, 'bin'));
    cpSync(join(repositoryRoot, 'bin', 'edge-sync.js'), join(folder, 'bin', 'edge-sync.js'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** A command line of our own in place of the built one. */
  function commandLine(source: string): void {
    mkdirSync(join(folder, 'dist', 'main'), { recursive: true });
    writeFileSync(join(folder, 'dist', 'main', 'cli.js'), source);
  }

  function run(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    return new Promise<{ readonly code: number | string; readonly out: string; readonly err: string }>(
      (resolve) => {
        const file = join(folder, 'bin', 'edge-sync.js');
        execFile(program, [file, ...args], { env: { ...process.env, ...env } }, (error, out, err) =>
          resolve({ code: error === null ? 0 : (error.code ?? 'signal'), out, err }),
        );
      },
    );
  }

  const echo = `
    console.log(JSON.stringify([Number(process.versions.node.split('.')[0]) >= 24, process.argv.slice(2)]));
    process.exitCode = 3;
  `;

  it('says how to build it when it is not built', async () => {
    const { code, err } = await run(process.execPath, ['status']);

    expect([code, err]).toEqual([1, 'edge-sync: Edge Sync is not built yet: run `npm run build`.\n']);
  });

  it('runs the built command line with its arguments and its exit code', async () => {
    commandLine(echo);

    const { code, out } = await run(process.execPath, ['status', '--json']);

    expect([code, JSON.parse(out)]).toEqual([3, [true, ['status', '--json']]]);
  });

  needs('electron-rig')('started by an older Node (the one in the Electron rig)', () => {
    const older = { ELECTRON_RUN_AS_NODE: '1' };
    const olderNode = (): string => join(electronRig(), 'electron');

    it('runs under the Node that came with the packages', async () => {
      commandLine(echo);
      symlinkSync(join(repositoryRoot, 'node_modules'), join(folder, 'node_modules'));

      const { code, out } = await run(olderNode(), ['status'], older);

      expect([code, JSON.parse(out)]).toEqual([3, [true, ['status']]]);
    });

    it('says what is missing when there is none', async () => {
      commandLine(echo);

      const { code, err } = await run(olderNode(), ['status'], older);

      expect(code).toBe(1);
      expect(err).toMatch(/^edge-sync: Edge Sync needs Node 24; this is 20\..*npm ci/);
      expect(err.trim().split('\n')).toHaveLength(1);
    });

    it('passes SIGTERM on and waits for the orderly end', async () => {
      commandLine(`
        process.on('SIGTERM', () => setTimeout(() => { console.log('drained'); process.exit(7); }, 100));
        setInterval(() => {}, 1000);
        console.log('ready');
      `);
      symlinkSync(join(repositoryRoot, 'node_modules'), join(folder, 'node_modules'));
      const child = spawn(olderNode(), [join(folder, 'bin', 'edge-sync.js'), 'serve'], {
        env: { ...process.env, ...older },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let out = '';
      child.stdout.on('data', (chunk: Buffer) => {
        out += chunk.toString('utf8');
        if (out === 'ready\n') child.kill('SIGTERM');
      });

      const code = await new Promise((resolve) => child.once('exit', resolve));

      expect([code, out]).toEqual([7, 'ready\ndrained\n']);
    });

    it('passes the passphrase on by its descriptor', async () => {
      commandLine(`
        import { readFileSync } from 'node:fs';
        console.log(readFileSync(5, 'utf8'));
      `);
      symlinkSync(join(repositoryRoot, 'node_modules'), join(folder, 'node_modules'));
      const child = spawn(
        olderNode(),
        [join(folder, 'bin', 'edge-sync.js'), 'serve', '--passphrase-fd', '5'],
        {
          env: { ...process.env, ...older },
          stdio: ['ignore', 'pipe', 'inherit', 'ignore', 'ignore', 'pipe'],
        },
      );
      (child.stdio as unknown as readonly NodeJS.WritableStream[])[5]!.end('from five');
      let out = '';
      child.stdout!.on('data', (chunk: Buffer) => {
        out += chunk.toString('utf8');
      });

      await new Promise((resolve) => child.once('close', resolve));

      expect(out).toBe('from five\n');
    });
  });
});
