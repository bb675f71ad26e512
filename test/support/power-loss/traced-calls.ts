/** What a process asked of the file system, from the log of `strace -f -y -xx`: each call with when it began and ended. */

/** Places in the log; `end` is Infinity for a call that never came back. */
interface When {
  readonly begin: number;
  end: number;
}

export type TracedCall = When &
  (
    | { readonly tag: 'create'; readonly path: string; readonly kind: 'file' | 'folder' }
    | { readonly tag: 'write'; readonly path: string; readonly at: number | 'end'; readonly bytes: Buffer }
    | { readonly tag: 'resize'; readonly path: string; readonly sizeBytes: number }
    | { readonly tag: 'extend'; readonly path: string; readonly sizeBytes: number }
    | { readonly tag: 'sync'; readonly path: string }
    | { readonly tag: 'remove'; readonly path: string }
    | { readonly tag: 'link'; readonly from: string; readonly to: string }
    | { readonly tag: 'rename'; readonly from: string; readonly to: string }
    | { readonly tag: 'send'; readonly bytes: Buffer }
  );

/** The calls that change anything, or tell somebody something. Reads do not matter. */
export const tracedNames = [
  ...['openat', 'open', 'creat', 'write', 'pwrite64', 'writev', 'pwritev', 'pwritev2', 'fsync', 'fdatasync'],
  ...['ftruncate', 'truncate', 'fallocate', 'rename', 'renameat', 'renameat2', 'link', 'linkat', 'unlink'],
  ...['unlinkat', 'mkdir', 'mkdirat', 'rmdir', 'sendto', 'sendmsg', 'copy_file_range', 'sendfile'],
] as const;

interface RawCall {
  readonly name: string;
  readonly args: string;
  readonly result: number;
  readonly begin: number;
  readonly end: number;
}

/** Parses the log's lines in order. Throws on a call that it does not know how to replay below `root`. */
export function parseTrace(log: string, root: string): readonly TracedCall[] {
  const calls: TracedCall[] = [];
  for (const call of rawCalls(log)) {
    const parsed = parseCall(call, root);
    if (parsed !== undefined) calls.push(parsed);
  }
  return calls.sort((a, b) => a.end - b.end || a.begin - b.begin);
}

function* rawCalls(log: string): Generator<RawCall> {
  const unfinished = new Map<
    string,
    { readonly name: string; readonly args: string; readonly begin: number }
  >();
  let place = 0;
  for (const line of log.split('\n')) {
    place += 1;
    const started = /^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$/.exec(line);
    if (started !== null) {
      unfinished.set(started[1] ?? '', { name: started[2] ?? '', args: started[3] ?? '', begin: place });
      continue;
    }
    const resumed = /^(\d+) +<\.\.\. (\w+) resumed>(.*)\) += (-?\d+)/.exec(line);
    if (resumed !== null) {
      const start = unfinished.get(resumed[1] ?? '');
      unfinished.delete(resumed[1] ?? '');
      if (start === undefined) continue;
      const { name, args, begin } = start;
      yield { name, args: args + (resumed[3] ?? ''), result: Number(resumed[4]), begin, end: place };
      continue;
    }
    const whole = /^(\d+) +(\w+)\((.*)\) += (-?\d+)/.exec(line);
    if (whole === null) continue;
    yield { name: whole[2] ?? '', args: whole[3] ?? '', result: Number(whole[4]), begin: place, end: place };
  }
  for (const { name, args, begin } of unfinished.values()) {
    yield { name, args, result: 0, begin, end: Number.POSITIVE_INFINITY };
  }
}

function parseCall({ name, args, result, begin, end }: RawCall, root: string): TracedCall | undefined {
  if (result < 0) return undefined;
  const when = { begin, end };
  const below = (path: string | undefined): path is string => path?.startsWith(`${root}/`) ?? false;
  const strings = stringsIn(args);
  const [path, second] = strings.map((bytes) => bytes.toString('utf8'));
  const fd = descriptorIn(args);
  const numbers = args.split(',').map((part) => part.trim());
  switch (name) {
    case 'open':
    case 'openat':
    case 'creat':
      if (!below(path)) return undefined;
      if (name === 'creat' || (args.includes('O_TRUNC') && !args.includes('O_EXCL'))) {
        throw new Error(`not replayed: ${name} that empties a file`);
      }
      return /O_CREAT/.test(args) ? { ...when, tag: 'create', path, kind: 'file' } : undefined;
    case 'mkdir':
    case 'mkdirat':
      return below(path) ? { ...when, tag: 'create', path, kind: 'folder' } : undefined;
    case 'write':
    case 'writev':
    case 'sendto':
    case 'sendmsg': {
      // The kernel may have taken less than was offered.
      const bytes = Buffer.concat(strings).subarray(0, end === Number.POSITIVE_INFINITY ? undefined : result);
      if (below(fd)) return { ...when, tag: 'write', path: fd, at: 'end', bytes };
      return String(fd).startsWith('/') ? undefined : { ...when, tag: 'send', bytes };
    }
    case 'pwrite64':
    case 'pwritev':
    case 'pwritev2': {
      if (!below(fd)) return undefined;
      const bytes = Buffer.concat(strings).subarray(0, end === Number.POSITIVE_INFINITY ? undefined : result);
      const at = Number(numbers.at(-1));
      if (!Number.isInteger(at)) throw new Error(`no offset: ${name}(${args.slice(-40)}`);
      return { ...when, tag: 'write', path: fd, at, bytes };
    }
    case 'ftruncate':
      return below(fd) ? { ...when, tag: 'resize', path: fd, sizeBytes: Number(numbers.at(-1)) } : undefined;
    case 'fallocate': {
      if (!below(fd)) return undefined;
      return { ...when, tag: 'extend', path: fd, sizeBytes: Number(numbers.at(-2)) + Number(numbers.at(-1)) };
    }
    case 'fsync':
    case 'fdatasync':
      return fd !== undefined && (below(fd) || fd === root) ? { ...when, tag: 'sync', path: fd } : undefined;
    case 'unlink':
    case 'unlinkat':
    case 'rmdir':
      return below(path) ? { ...when, tag: 'remove', path } : undefined;
    case 'link':
    case 'linkat':
      return below(path) && second !== undefined
        ? { ...when, tag: 'link', from: path, to: second }
        : undefined;
    case 'rename':
    case 'renameat':
    case 'renameat2':
      return below(path) && second !== undefined
        ? { ...when, tag: 'rename', from: path, to: second }
        : undefined;
    default:
      if (below(fd) || below(path)) throw new Error(`not replayed: ${name}`);
      return undefined;
  }
}

/** The strings of a call, in order: of `-xx` each byte is \x and two digits. */
export function stringsIn(args: string): readonly Buffer[] {
  return [...args.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map((found) => unhex(found[1] ?? ''));
}

/** What `-y` says of the descriptor that a call begins with: a path, or the kind of a socket. */
export function descriptorIn(args: string): string | undefined {
  const described = /^\d+<([^>]*)>/.exec(args)?.[1];
  return described?.startsWith('\\x') === true ? unhex(described).toString('utf8') : described;
}

function unhex(text: string): Buffer {
  return Buffer.from(text.replaceAll('\\x', ''), 'hex');
}
