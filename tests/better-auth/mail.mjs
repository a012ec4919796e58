// What the server has sent to an address, as the mailbox (mailbox.mjs) shows it.
import assert from 'node:assert/strict';
import { origin, skip } from './browser.mjs';

const mailbox = process.env.MAILBOX_URL;
if (!mailbox && process.env.CI) throw new Error('MAILBOX_URL must name the mailbox the server sends to');

/** As `skip` of browser.mjs, for tests that read mails. */
export const skipMail = skip || (!mailbox && 'set MAILBOX_URL to the mailbox the server sends to');

/** The messages to an address, oldest first, once there are `count` of them. */
export async function receiveMails(address, count = 1) {
  const response = await fetch(`${mailbox}/messages?${new URLSearchParams({ to: address, count })}`);
  const messages = await response.json();
  assert.ok(messages.length >= count, `${messages.length} of ${count} mails came to ${address}`);
  return messages;
}

/** The link in the `count`-th message to an address, which must be the last one too. */
export async function receiveLink(address, count = 1) {
  const messages = await receiveMails(address, count);
  assert.equal(messages.length, count, `too many mails to ${address}`);
  const links = messages[count - 1].text.match(/https?:\/\/[^\s<>"]+/g) ?? [];
  assert.equal(links.length, 1, `one link in ${messages[count - 1].text}`);
  assert.ok(links[0].startsWith(`${origin}/api/auth/`), links[0]);
  return new URL(links[0]);
}

/** Nothing was sent there. To be asked when the answer that would have followed a mail has come. */
export async function assertNoMail(address) {
  assert.deepEqual(await receiveMails(address, 0), []);
}

/** Opens a link without going where it leads. */
export async function openLink(link, browser) {
  const response = await (browser?.fetch ?? fetch)(link, { redirect: 'manual' });
  return { status: response.status, location: response.headers.get('location'), text: await response.text() };
}
