// The mailbox that the other tests rely on: what it keeps, and how it refuses.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { createTransport } from 'nodemailer';
import { readMessage } from './message.mjs';

const message = { from: 'Ada <ada@example.com>', to: 'eve@example.com', subject: 'Grüße, schöne', text: 'Zeile ä\n' };

/** A mailbox of its own, gone after the test. */
async function startMailbox(t, settings = {}) {
  const child = spawn(process.execPath, [new URL('mailbox.mjs', import.meta.url).pathname], { env: { ...process.env, ...settings }, stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => { child.kill('SIGKILL'); });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const addresses = JSON.parse(line);
  const [host, port] = addresses.smtp.split(':');
  const ca = addresses.certificate && await readFile(addresses.certificate);
  return {
    child,
    ...addresses,
    transport: (options) => createTransport({ host, port: Number(port), tls: { ca }, ...options }),
    messages: async (to, count) => (await fetch(`${addresses.http}/messages?${new URLSearchParams({ to, count })}`)).json(),
  };
}

const refusedWith = (responseCode) => (error) => error.responseCode === responseCode;

test('a message is kept with its envelope, decoded', async (t) => {
  const mailbox = await startMailbox(t);
  const waiting = mailbox.messages('EVE@example.com', 1);
  await mailbox.transport({ ignoreTLS: true }).sendMail({ ...message, html: `<p>${'ö'.repeat(200)}</p>`, attachments: [{ filename: 'a.txt', content: 'attached' }] });
  const [kept, ...others] = await waiting;
  assert.deepEqual(others, []);
  assert.equal(kept.from, 'ada@example.com');
  assert.deepEqual(kept.to, ['eve@example.com']);
  assert.equal(kept.subject, 'Grüße, schöne');
  assert.equal(kept.text.trim(), 'Zeile ä');
  assert.equal(kept.html.trim(), `<p>${'ö'.repeat(200)}</p>`);
  assert.equal(kept.headers.from, 'Ada <ada@example.com>');
  assert.equal(kept.secure, false);
  assert.equal(kept.user, null);
  assert.deepEqual(await mailbox.messages('nobody@example.com', 0), []);
  assert.equal((await fetch(`${mailbox.http}/messages`)).status, 404);
});

test('TLS is by a certificate of the authority it names, from the start or after STARTTLS', async (t) => {
  for (const [tls, options] of [['implicit', { secure: true }], ['starttls', { requireTLS: true }]]) {
    const mailbox = await startMailbox(t, { MAILBOX_TLS: tls });
    await mailbox.transport(options).sendMail(message);
    const [{ secure }] = await mailbox.messages('eve@example.com', 1);
    assert.equal(secure, true, tls);
    await assert.rejects(mailbox.transport({ ...options, tls: {} }).sendMail(message), /certificate/, tls);
  }
});

test('without TLS none is offered', async (t) => {
  const mailbox = await startMailbox(t);
  await assert.rejects(mailbox.transport({ requireTLS: true }).sendMail(message));
});

test('a login is required where one is set', async (t) => {
  const mailbox = await startMailbox(t, { MAILBOX_LOGIN: 'ada:secret' });
  await assert.rejects(mailbox.transport({ ignoreTLS: true }).sendMail(message), refusedWith(530));
  await assert.rejects(mailbox.transport({ ignoreTLS: true, auth: { user: 'ada', pass: 'wrong' } }).sendMail(message), refusedWith(535));
  await mailbox.transport({ ignoreTLS: true, auth: { user: 'ada', pass: 'secret' } }).sendMail(message);
  assert.equal((await mailbox.messages('eve@example.com', 1))[0].user, 'ada');
});

test('a recipient is refused for good, messages for now', async (t) => {
  const mailbox = await startMailbox(t, { MAILBOX_REJECT: 'eve@example.com', MAILBOX_DEFER: '1' });
  const transport = mailbox.transport({ ignoreTLS: true });
  await assert.rejects(transport.sendMail(message), refusedWith(550));
  const other = { ...message, to: 'other@example.com' };
  await assert.rejects(transport.sendMail(other), refusedWith(451));
  await transport.sendMail(other);
  assert.equal((await mailbox.messages('other@example.com', 1)).length, 1);
});

test('it ends with its stdin or on SIGTERM, and takes its certificate along', async (t) => {
  for (const end of [(child) => child.stdin.end(), (child) => child.kill('SIGTERM')]) {
    const mailbox = await startMailbox(t, { MAILBOX_TLS: 'implicit' });
    end(mailbox.child);
    assert.deepEqual(await once(mailbox.child, 'exit'), [0, null]);
    await assert.rejects(access(mailbox.certificate));
  }
});

test('quoted-printable, base64, folded headers and encoded words are read', () => {
  const source = ['Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe,_?=', ' =?utf-8?B?w6Q=?=', 'X-Long: one', '\ttwo', 'Content-Type: multipart/alternative; boundary="b"', '', '--b', 'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: quoted-printable', '', 'https://example.com/?a=3D1&long=', 'er =C3=A4', '--b', 'Content-Type: text/html', 'Content-Transfer-Encoding: base64', '', Buffer.from('<p>ä</p>').toString('base64'), '--b--', ''].join('\r\n');
  const { subject, headers, text, html } = readMessage(Buffer.from(source));
  assert.equal(subject, 'Grüße, ä');
  assert.equal(headers['x-long'], 'one\ttwo');
  assert.equal(text.trim(), 'https://example.com/?a=1&longer ä');
  assert.equal(html, '<p>ä</p>');
});
