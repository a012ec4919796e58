// The address is verified by whoever has the mail.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SignJWT } from 'jose';
import { assertData, assertError, assertSignedIn } from '../assertions.mjs';
import { newEmail, openBrowser, origin, signUp } from '../browser.mjs';
import { assertNoMail, openLink, receiveLink, skipMail as skip } from '../mail.mjs';

async function isVerified({ client }) {
  const { data } = await client.getSession();
  return data.user.emailVerified;
}

/** A user who has asked for the verification mail, and the link in it. */
async function requestVerification(callbackURL) {
  const browser = await signUp();
  assertData(await browser.client.sendVerificationEmail({ email: browser.email, callbackURL }), { status: true });
  return { ...browser, link: await receiveLink(browser.email) };
}

describe('asking for the verification mail', { skip }, () => {
  test('without a session is answered alike for every address', async () => {
    const { email } = await signUp();
    const unknown = newEmail();
    for (const address of [email, unknown]) {
      assertData(await openBrowser().client.sendVerificationEmail({ email: address }), { status: true });
    }
    await receiveLink(email);
    await assertNoMail(unknown);
  });

  test('with a session is for its own address only', async () => {
    const ada = await signUp();
    const eve = await signUp();
    const { error } = await eve.client.sendVerificationEmail({ email: ada.email });
    assertError(error, 400, 'EMAIL_MISMATCH', 'Email mismatch');
    await assertNoMail(ada.email);
  });

  test('is refused once the address is verified', async () => {
    const browser = await requestVerification();
    await openLink(browser.link);
    const { error } = await browser.client.sendVerificationEmail({ email: browser.email });
    assertError(error, 400, 'EMAIL_ALREADY_VERIFIED', 'Email is already verified');
  });

  test('refuses a callback to a foreign site', async () => {
    const { error } = await openBrowser().client.sendVerificationEmail({ email: newEmail(), callbackURL: 'https://evil.example' });
    assertError(error, 403, 'INVALID_CALLBACK_URL', 'Invalid callbackURL');
  });
});

describe('the link to verify an address', { skip }, () => {
  test('verifies it and leads to the page that was asked for, in any browser', async () => {
    const browser = await requestVerification('/welcome?new=1');
    assert.equal(browser.link.pathname, '/api/auth/verify-email');
    assert.equal(await isVerified(browser), false);
    const { status, location } = await openLink(browser.link);
    assert.deepEqual({ status, location }, { status: 302, location: '/welcome?new=1' });
    assert.equal(await isVerified(browser), true);
  });

  test('leads to the start page when no other was asked for', async () => {
    const { link } = await requestVerification();
    assert.equal((await openLink(link)).location, '/');
  });

  test('signs nobody in and may be opened again', async () => {
    const { link } = await requestVerification();
    const other = openBrowser();
    for (const _ of [1, 2]) assert.equal((await openLink(link, other)).status, 302);
    assert.equal(other.jar.size, 0);
  });
});

describe('verifying by the client', { skip }, () => {
  test('answers without the user', async () => {
    const browser = await requestVerification();
    const token = browser.link.searchParams.get('token');
    assertData(await browser.client.verifyEmail({ query: { token } }), { status: true, user: null });
    assert.equal(await isVerified(browser), true);
    await assertSignedIn(browser);
  });

  test('refuses a token that is none, one that was changed and one of another key', async () => {
    const browser = await requestVerification();
    const token = browser.link.searchParams.get('token');
    const [header, , signature] = token.split('.');
    const payload = Buffer.from(JSON.stringify({ email: browser.email, exp: 2_000_000_000 })).toString('base64url');
    const foreign = await new SignJWT({ email: browser.email }).setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime('1h').sign(new TextEncoder().encode('another secret of thirty-two bytes'));
    for (const bad of ['nope', '', [header, payload, signature].join('.'), foreign]) {
      assertError((await browser.client.verifyEmail({ query: { token: bad } })).error, 401, 'INVALID_TOKEN', 'Invalid token');
    }
    assert.equal(await isVerified(browser), false);
  });

  test('tells the page that was asked for about a bad token', async () => {
    const { status, location } = await openLink(`${origin}/api/auth/verify-email?token=nope&callbackURL=${encodeURIComponent('/welcome?new=1#top')}`);
    assert.deepEqual({ status, location }, { status: 302, location: '/welcome?new=1&error=INVALID_TOKEN#top' });
  });

  test('leads to no foreign site', async () => {
    const { link } = await requestVerification();
    link.searchParams.set('callbackURL', 'https://evil.example');
    assert.equal((await openLink(link)).status, 403);
  });
});
