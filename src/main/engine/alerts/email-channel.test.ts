import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeTestAuthority, type Leaf, type TestAuthority } from '../../../../test/support/test-authority.ts';
import { alertsSchema, emailSettings } from '../../../shared/alert-settings.ts';
import { Secret } from '../system/secret.ts';
import type { AlertMessage } from './alert-message.ts';
import { EmailChannel } from './email-channel.ts';

const password = 'correct horse battery';
const message: AlertMessage = {
  event: 'raised',
  at: '2026-01-05T12:00:00.000Z',
  practice: 'Praxis Müller',
  pc: 'desk-1',
  safe: false,
  headline: 'attention',
  problems: [
    {
      key: 'disk-full',
      code: 'disk-full',
      message: 'The disk is full',
      nextStep: 'Make room.',
      imagesSafe: true,
      destination: null,
      count: 1,
      since: '2026-01-05T11:00:00.000Z',
    },
  ],
  othersOpen: 0,
};

interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
  readonly encrypted: boolean;
  readonly user: string | undefined;
}

let authority: TestAuthority;
let leaf: Leaf;
let server: SMTPServer | undefined;
let mails: Mail[];

beforeAll(async () => {
  authority = await makeTestAuthority();
  leaf = await authority.server();
});
afterEach(async () => {
  await new Promise<void>((done) => (server === undefined ? done() : server.close(done)));
});

async function serve(options: SMTPServerOptions): Promise<number> {
  mails = [];
  const made = new SMTPServer({
    key: leaf.key,
    cert: leaf.certificate,
    logger: false,
    onAuth: ({ username, password: given }, _session, done) => {
      if (given === password) done(null, { user: username });
      else done(new Error('no such user'));
    },
    onData: (stream, session, done) => {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.once('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          text: Buffer.concat(parts).toString('utf8'),
          encrypted: session.secure,
          user: session.user as string | undefined,
        });
        done();
      });
    },
    ...options,
  });
  made.on('error', () => undefined);
  server = made;
  await new Promise<void>((done) => made.listen(0, '127.0.0.1', done));
  return (made.server.address() as AddressInfo).port;
}

function channel(port: number, more: Record<string, unknown> = {}, secret = password): EmailChannel {
  const email = emailSettings(
    alertsSchema.parse({
      email: {
        host: 'localhost',
        port,
        user: 'desk@clinic.example',
        from: 'desk@clinic.example',
        to: ['it@clinic.example', 'owner@clinic.example'],
        ...more,
      },
    }),
  );
  if (email === undefined) throw new Error('no settings');
  return new EmailChannel(email, Secret.fromText(secret), [authority.certificate]);
}

const never = new AbortController().signal;

describe('a mail', () => {
  it.each([
    ['starttls', {}],
    ['tls', { secure: true }],
  ] as const)('goes out encrypted and signed in, by %s', async (security, options) => {
    const port = await serve(options);
    await channel(port, { security }).send(message, never);
    expect(mails).toHaveLength(1);
    expect(mails[0]).toMatchObject({
      from: 'desk@clinic.example',
      to: ['it@clinic.example', 'owner@clinic.example'],
      encrypted: true,
      user: 'desk@clinic.example',
    });
    expect(mails[0]?.text).toContain('The disk is full');
    expect(mails[0]?.text).toMatch(/^Auto-Submitted: auto-generated\r$/im);
  });

  it('does not go to a server that offers no encryption, nor the password', async () => {
    let attempts = 0;
    const port = await serve({
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      onAuth: (_auth, _session, done) => {
        attempts += 1;
        done(null, { user: 'x' });
      },
    });
    await expect(channel(port).send(message, never)).rejects.toMatchObject({ code: 'alert-not-sent' });
    expect([mails.length, attempts]).toEqual([0, 0]);
  });

  it('does not go to a server with a certificate that nobody here trusts', async () => {
    const stranger = await (await makeTestAuthority('Somebody else')).server();
    const port = await serve({ secure: true, key: stranger.key, cert: stranger.certificate });
    await expect(channel(port, { security: 'tls' }).send(message, never)).rejects.toMatchObject({
      code: 'alert-not-sent',
    });
    expect(mails).toEqual([]);
  });

  it('that is refused says why, without the password or the server’s words', async () => {
    const port = await serve({});
    const refused = await channel(port, {}, 'wrong one')
      .send(message, never)
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'alert-refused', detail: 'localhost' });
    const full = await serve({
      onRcptTo: (_address, _session, done) =>
        done(Object.assign(new Error('secret text'), { responseCode: 452 })),
    });
    const later = await channel(full)
      .send(message, never)
      .catch((error: unknown) => error);
    expect(later).toMatchObject({ code: 'alert-not-sent' });
    expect(String(later)).not.toContain('secret text');
  });

  it('is not begun without its password, and is broken off when asked', async () => {
    let connections = 0;
    const port = await serve({ onConnect: () => void (connections += 1) });
    const email = emailSettings(
      alertsSchema.parse({
        email: { host: 'localhost', port, user: 'u', from: 'a@b.example', to: ['a@b.example'] },
      }),
    );
    if (email === undefined) throw new Error('no settings');
    await expect(new EmailChannel(email, undefined, undefined).send(message, never)).rejects.toMatchObject({
      code: 'alert-secret-missing',
    });
    const cut = new AbortController();
    const sending = channel(port).send(message, cut.signal);
    const failed = expect(sending).rejects.toMatchObject({ code: 'alert-not-sent' });
    await expect.poll(() => connections).toBe(1);
    cut.abort();
    await failed;
  });
});

describe('the settings of mail', () => {
  const parse = (more: Record<string, unknown>): boolean =>
    alertsSchema.safeParse({
      email: { host: 'mail.example', from: 'a@b.example', to: ['a@b.example'], ...more },
    }).success;

  it('refuse what would put another header or server in, and mail in clear over the network', () => {
    expect(parse({})).toBe(true);
    expect(parse({ host: undefined, from: undefined, to: undefined })).toBe(true);
    for (const more of [
      { from: 'a@b.example\r\nBcc: x@y.example' },
      { to: ['a@b.example', 'no address'] },
      { to: [] },
      { from: undefined },
      { host: 'mail.example/x' },
      { security: 'none' },
    ]) {
      expect(parse(more), JSON.stringify(more)).toBe(false);
    }
    expect(parse({ security: 'none', host: '127.0.0.1' })).toBe(true);
  });
});
