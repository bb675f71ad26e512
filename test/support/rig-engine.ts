/**
 * The real engine inside the runtime of the rig, whose Node is older than the one that the app ships with: the same
 * sources, translated further down, with what that Node lacks put in front. Of no use to anything but these tests.
 */
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { mergeConfig, type InlineConfig } from 'vite';
import { engineBuild } from '../../scripts/build.ts';
import { repositoryRoot } from '../../scripts/required-tools.ts';

const missing = `
globalThis.AsyncDisposableStack ??= class {
  #open = [];
  defer(end) { this.#open.unshift(end); }
  use(one) { this.defer(() => one[Symbol.asyncDispose]()); return one; }
  move() { const next = new AsyncDisposableStack(); next.#open = this.#open; this.#open = []; return next; }
  async disposeAsync() {
    let failure;
    for (const end of this.#open.splice(0)) try { await end(); } catch (error) { failure ??= { error }; }
    if (failure !== undefined) throw failure.error;
  }
};`;

export function rigEngineBuild(): InlineConfig {
  return mergeConfig(engineBuild(), {
    build: { target: 'node20.18', rolldownOptions: { output: { banner: missing } } },
  });
}

/** Our packages for an app folder, with a database addon that the rig's Node loads. */
export function rigModules(into: string): void {
  const from = join(repositoryRoot, 'node_modules');
  mkdirSync(into);
  for (const name of readdirSync(from))
    if (name !== 'better-sqlite3') symlinkSync(join(from, name), join(into, name));
  const copy = join(into, 'better-sqlite3');
  cpSync(realpathSync(join(from, 'better-sqlite3')), copy, {
    recursive: true,
    filter: (file) => !file.includes('/deps') && !file.includes('/src'),
  });
  const addon = join(copy, 'prebuilds', `linux-${process.arch}.node`);
  writeFileSync(addon, asExperimental(readFileSync(addon)));
  // What is never collected needs no finalizer, which experimental addons may not have in that Node.
  edit(
    join(copy, 'lib', 'database.js'),
    'addon.isInitialized = true;',
    `addon.isInitialized = true;
     const kept = globalThis.keptForTheRig = [];
     const keep = (type, name) => {
       const method = type[name];
       type[name] = function (...given) { const made = method.apply(this, given); kept.push(made); return made; };
     };
     keep(addon.Database.prototype, 'prepare');
     const { prepare } = addon.Database.prototype;
     addon.Database.prototype.prepare = function (...given) {
       const made = prepare.apply(this, given);
       addon.Database.prototype.prepare = prepare;
       keep(Object.getPrototypeOf(made), 'iterate');
       return made;
     };`,
  );
  edit(
    join(copy, 'lib', 'database.js'),
    '...wrappers.getters,\n\t\t});',
    '...wrappers.getters,\n\t\t}); globalThis.keptForTheRig.push(this[util.cppdb]);',
  );
}

/** Replaces one place of a file; the package may have moved on. */
function edit(file: string, from: string, to: string): void {
  const text = readFileSync(file, 'utf8');
  if (!text.includes(from)) throw new Error(`${file} is not as it is known here`);
  writeFileSync(file, text.replace(from, to));
}

/** What it asks for beyond Node-API 9 (references to values of any kind) that Node has under its experimental number. */
function asExperimental(addon: Buffer): Buffer {
  // endbr64; mov eax, 10; ret: all of node_api_module_get_api_version_v1.
  const version = Buffer.from('f30f1efab80a000000c3', 'hex');
  const at = addon.indexOf(version);
  if (at === -1) throw new Error('the addon does not say its version in the way that is known here');
  addon.writeUInt32LE(0x7fff_ffff, at + 5);
  return addon;
}
