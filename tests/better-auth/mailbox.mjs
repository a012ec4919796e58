// A real SMTP server on loopback that keeps what it receives, and an HTTP view of it for tests.
//
// Prints one line of JSON when it listens, {"smtp":"127.0.0.1:PORT","http":"http://127.0.0.1:PORT","certificate":PATH},
// where PATH is the PEM of the authority that signed its TLS certificate, or null without TLS.
// Ends when stdin closes or on SIGTERM.
//
//   MAILBOX_TLS=off|implicit|starttls   whether and how connections are encrypted; off if not set
//   MAILBOX_LOGIN=NAME:PASSWORD         required before any message, if set
//   MAILBOX_REJECT=ADDRESS              a recipient refused for good (550)
//   MAILBOX_DEFER=N                     the first N messages are refused for now (451)
import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { SMTPServer } from 'smtp-server';
import { writeCertificate } from './certificate.mjs';
import { readMessage } from './message.mjs';

const WAIT_MS = 10_000;
const { MAILBOX_TLS: tls = 'off', MAILBOX_LOGIN: login, MAILBOX_REJECT: rejected, MAILBOX_DEFER: deferrals = '0' } = process.env;
if (!['off', 'implicit', 'starttls'].includes(tls)) throw new Error(`MAILBOX_TLS: ${tls}`);

const messages = [];
const waiting = new Set();
let deferralsLeft = Number(deferrals);

/** An SMTP answer other than success. */
function refusal(responseCode, text) {
  return Object.assign(new Error(text), { responseCode });
}

function onAuth({ username, password }, _session, callback) {
  if (`${username}:${password}` === login) callback(null, { user: username });
  else callback(refusal(535, 'Wrong name or password'));
}

function onRcptTo({ address }, _session, callback) {
  callback(address.toLowerCase() === rejected?.toLowerCase() ? refusal(550, 'No such mailbox') : null);
}

async function onData(stream, session, callback) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  if (deferralsLeft > 0) {
    deferralsLeft -= 1;
    callback(refusal(451, 'Try again later'));
    return;
  }
  messages.push({
    from: session.envelope.mailFrom.address,
    to: session.envelope.rcptTo.map(({ address }) => address),
    ...readMessage(Buffer.concat(chunks)),
    secure: session.secure,
    user: session.user ?? null,
  });
  callback(null, 'Kept');
  for (const look of waiting) look();
}

function messagesTo(address) {
  return messages.filter(({ to }) => to.some((recipient) => recipient.toLowerCase() === address.toLowerCase()));
}

/** The messages to `address`, as soon as there are `count` of them; what there is when that takes too long. */
function waitForMessages(address, count) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timeout);
      waiting.delete(look);
      resolve(messagesTo(address));
    };
    const look = () => { if (messagesTo(address).length >= count) end(); };
    const timeout = setTimeout(end, WAIT_MS);
    waiting.add(look);
    look();
  });
}

async function answerHttp(request, response) {
  const { pathname, searchParams } = new URL(request.url, 'http://mailbox');
  const address = searchParams.get('to');
  if (request.method !== 'GET' || pathname !== '/messages' || !address) {
    response.writeHead(404).end();
    return;
  }
  const found = await waitForMessages(address, Number(searchParams.get('count') ?? 1));
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(found));
}

function listen(server) {
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(`127.0.0.1:${(server.server ?? server).address().port}`));
  });
}

const certificate = tls === 'off' ? null : await writeCertificate();
const smtp = new SMTPServer({
  secure: tls === 'implicit',
  key: certificate?.key,
  cert: certificate?.cert,
  disabledCommands: [...(tls === 'starttls' ? [] : ['STARTTLS']), ...(login ? [] : ['AUTH'])],
  authOptional: !login,
  disableReverseLookup: true,
  onAuth,
  onRcptTo,
  onData,
});
const http = createServer(answerHttp);
const addresses = { smtp: await listen(smtp), http: `http://${await listen(http)}`, certificate: certificate?.authority ?? null };
// A client that hangs up in the middle is the client's business.
smtp.on('error', (error) => console.error(`mailbox: ${error.message}`));

async function end() {
  if (certificate) await rm(certificate.folder, { recursive: true, force: true });
  process.exit(0);
}
process.on('SIGTERM', end);
process.stdin.on('end', end).resume();
console.log(JSON.stringify(addresses));
