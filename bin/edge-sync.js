#!/usr/bin/env node
/**
 * The `edge-sync` command. Runs the built command line under Node 24: when it was started by an older Node, under the
 * one that came with the packages.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const entry = join(root, 'dist', 'main', 'cli.js');
const neededMajor = 24;

if (!existsSync(entry)) {
  fail('Edge Sync is not built yet: run `npm run build`.');
} else if (Number(process.versions.node.split('.')[0]) >= neededMajor) {
  await import(pathToFileURL(entry).href);
} else {
  runUnder(packagedNode());
}

function packagedNode() {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const candidates = [join(root, 'node_modules', 'node', 'bin', name), join(root, '..', 'node', 'bin', name)];
  return candidates.find((file) => existsSync(file));
}

function runUnder(node) {
  if (node === undefined) {
    fail(
      `Edge Sync needs Node ${neededMajor}; this is ${process.versions.node}. Install it, or run \`npm ci\` here.`,
    );
    return;
  }
  const args = process.argv.slice(2);
  const child = spawn(node, [entry, ...args], {
    stdio: ['inherit', 'inherit', 'inherit', ...passedOn(args)],
  });
  // The child ends in its own way (it drains); a terminal's Ctrl+C reaches it by itself, a `kill` of us does not.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.once('error', () => fail(`Edge Sync cannot run ${node}.`));
  child.once('exit', (code, signal) => {
    if (signal === null) {
      process.exitCode = code ?? 1;
      return;
    }
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** The descriptor named by --passphrase-fd, at its own number; only 0, 1 and 2 are inherited by themselves. */
function passedOn(args) {
  const at = args.findIndex((arg) => arg === '--passphrase-fd' || arg.startsWith('--passphrase-fd='));
  const text = at === -1 ? undefined : args[at].includes('=') ? args[at].split('=')[1] : args[at + 1];
  const descriptor = Number(text);
  if (!Number.isInteger(descriptor) || descriptor < 3 || descriptor > 255) return [];
  return [...Array.from({ length: descriptor - 3 }, () => 'ignore'), descriptor];
}

function fail(message) {
  console.error(`edge-sync: ${message}`);
  process.exitCode = 1;
}
