// A password that was forgotten, reset by whoever has the mail.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertData, assertError, assertNoPassword, assertPassword, assertSignedIn, assertSignedOut } from '../assertions.mjs';
import { newEmail, openBrowser, origin, password, signIn, signUp } from '../browser.mjs';
import { assertNoMail, openLink, receiveLink, skipMail as skip } from '../mail.mjs';

const newPassword = 'another long password';
const REQUESTED = { status: true, message: 'If this email exists in our system, check your email for the reset link' };

async function requestReset(email, redirectTo = '/reset') {
  const browser = openBrowser();
  assertData(await browser.client.requestPasswordReset({ email, redirectTo }), REQUESTED);
  return { ...browser, link: await receiveLink(email) };
}

/** The token where the link in the mail leads. */
async function openResetLink(link) {
  const { status, location } = await openLink(link);
  assert.equal(status, 302);
  return new URL(location).searchParams.get('token');
}

describe('asking for a reset', { skip }, () => {
  test('is answered alike for an address that has an account and one that has none', async () => {
    const { email } = await signUp();
    const unknown = newEmail();
    for (const address of [email, unknown]) {
      assertData(await openBrowser().client.requestPasswordReset({ email: address, redirectTo: '/reset' }), REQUESTED);
    }
    await receiveLink(email);
    await assertNoMail(unknown);
  });

  test('finds the account whatever the case of the address', async () => {
    const { email } = await signUp();
    await openBrowser().client.requestPasswordReset({ email: email.toUpperCase(), redirectTo: '/reset' });
    await receiveLink(email);
  });

  test('is refused for what is no address, and for a redirect to a foreign site', async () => {
    const { client } = openBrowser();
    assertError((await client.requestPasswordReset({ email: 'ada' })).error, 400, 'VALIDATION_ERROR', '[body.email] Invalid email address');
    const foreign = await client.requestPasswordReset({ email: newEmail(), redirectTo: 'https://evil.example' });
    assertError(foreign.error, 403, 'INVALID_REDIRECT_URL', 'Invalid redirectURL');
  });
});

describe('the link to a reset', { skip }, () => {
  test('leads to the page that was asked for, with a token', async () => {
    const { email } = await signUp();
    const { link } = await requestReset(email, '/reset?from=mail#form');
    assert.match(link.pathname, /^\/api\/auth\/reset-password\/[A-Za-z0-9]{24}$/);
    assert.equal(link.searchParams.get('callbackURL'), '/reset?from=mail#form');
    const token = link.pathname.split('/').pop();
    const { status, location } = await openLink(link);
    assert.deepEqual({ status, location }, { status: 302, location: `${origin}/reset?from=mail&token=${token}#form` });
  });

  test('leads there with an error when the token is none', async () => {
    const { status, location } = await openLink(`${origin}/api/auth/reset-password/nope?callbackURL=/reset`);
    assert.deepEqual({ status, location }, { status: 302, location: `${origin}/reset?error=INVALID_TOKEN` });
  });

  test('leads to no foreign site', async () => {
    const { status } = await openLink(`${origin}/api/auth/reset-password/nope?callbackURL=https://evil.example`);
    assert.equal(status, 403);
  });
});

describe('resetting the password', { skip }, () => {
  test('lets the new one in, not the old one, and ends every session', async () => {
    const first = await signUp();
    const second = await signIn(first.email);
    const { client, link } = await requestReset(first.email);
    assertData(await client.resetPassword({ newPassword, token: await openResetLink(link) }), { status: true });
    await assertSignedOut(first);
    await assertSignedOut(second);
    await assertNoPassword(openBrowser(), first.email, password);
    await assertPassword(openBrowser(), first.email, newPassword);
  });

  test('works once', async () => {
    const { email } = await signUp();
    const { client, link } = await requestReset(email);
    const token = await openResetLink(link);
    assertData(await client.resetPassword({ newPassword, token }), { status: true });
    assertError((await client.resetPassword({ newPassword: password, token })).error, 400, 'INVALID_TOKEN', 'Invalid token');
    assert.match((await openLink(link)).location, /error=INVALID_TOKEN$/);
    await assertPassword(openBrowser(), email, newPassword);
  });

  test('can be tried again after a password that is too short or too long', async () => {
    const { email } = await signUp();
    const { client, link } = await requestReset(email);
    const token = await openResetLink(link);
    const attempt = (candidate) => client.resetPassword({ newPassword: candidate, token });
    assertError((await attempt('short')).error, 400, 'PASSWORD_TOO_SHORT', 'Password too short');
    assertError((await attempt('p'.repeat(129))).error, 400, 'PASSWORD_TOO_LONG', 'Password too long');
    assertData(await attempt(newPassword), { status: true });
  });

  test('needs a token', async () => {
    const { client } = openBrowser();
    for (const token of [undefined, '', 'nope']) {
      assertError((await client.resetPassword({ newPassword, token })).error, 400, 'INVALID_TOKEN', 'Invalid token');
    }
  });

  test('touches nobody else', async () => {
    const bystander = await signUp();
    const { email } = await signUp();
    const { client, link } = await requestReset(email);
    await client.resetPassword({ newPassword, token: await openResetLink(link) });
    await assertSignedIn(bystander);
    await assertPassword(openBrowser(), bystander.email, password);
  });
});
