// Signing up, in and out.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertError, assertIn, assertJustNow, assertSignedIn, assertSignedOut } from '../assertions.mjs';
import { SESSION_COOKIE, newEmail, openBrowser, password, signIn, signUp, skip } from '../browser.mjs';

describe('signing up', { skip }, () => {
  test('makes a user, a session and a cookie', async () => {
    const { client, jar } = openBrowser();
    const email = newEmail('Ada');
    const { data, error } = await client.signUp.email({ name: 'Ada Lovelace', email, password });
    assert.equal(error, null);
    assert.match(data.user.id, /^[A-Za-z0-9]{32}$/);
    assert.equal(data.user.name, 'Ada Lovelace');
    assert.equal(data.user.email, email.toLowerCase());
    assert.equal(data.user.emailVerified, false);
    assert.equal(data.user.image, null);
    assertJustNow(data.user.createdAt);
    assertJustNow(data.user.updatedAt);
    assert.ok(decodeURIComponent(jar.get(SESSION_COOKIE)).startsWith(`${data.token}.`));
  });

  test('keeps the image that came with it', async () => {
    const { client } = openBrowser();
    const image = 'https://example.com/ada.png';
    const { data } = await client.signUp.email({ name: 'Ada', email: newEmail(), password, image });
    assert.equal(data.user.image, image);
  });

  test('is refused for an address that is taken, whatever its case', async () => {
    const { email } = await signUp();
    const { data, error } = await openBrowser().client.signUp.email({ name: 'Eve', email: email.toUpperCase(), password });
    assert.equal(data, null);
    assertError(error, 422, 'USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL', 'User already exists. Use another email.');
  });

  test('is refused for a short password, a long one and an address that is none', async () => {
    const attempt = (body) => openBrowser().client.signUp.email({ name: 'Ada', email: newEmail(), password, ...body });
    assertError((await attempt({ password: '1234567' })).error, 400, 'PASSWORD_TOO_SHORT', 'Password too short');
    assertError((await attempt({ password: 'p'.repeat(129) })).error, 400, 'PASSWORD_TOO_LONG', 'Password too long');
    assertError((await attempt({ email: 'ada' })).error, 400, 'VALIDATION_ERROR', '[body.email] Invalid email address');
  });
});

describe('signing in', { skip }, () => {
  test('makes another session of the same user', async () => {
    const first = await signUp();
    const second = await signIn(first.email);
    assert.deepEqual(second.user, first.user);
    assert.notEqual(second.token, first.token);
    await assertSignedIn(first);
    await assertSignedIn(second);
  });

  test('is refused alike for a wrong password and for an unknown address', async () => {
    const { email } = await signUp();
    const wrong = await openBrowser().client.signIn.email({ email, password: 'wrong password' });
    const unknown = await openBrowser().client.signIn.email({ email: newEmail(), password });
    for (const { data, error } of [wrong, unknown]) {
      assert.equal(data, null);
      assertError(error, 401, 'INVALID_EMAIL_OR_PASSWORD', 'Invalid email or password');
    }
  });

  test('says where to go next when a callback was asked for', async () => {
    const { email } = await signUp();
    const { data } = await openBrowser().client.signIn.email({ email, password, callbackURL: '/dashboard' });
    assert.equal(data.redirect, true);
    assert.equal(data.url, '/dashboard');
  });

  test('refuses a callback to a foreign site', async () => {
    const { email } = await signUp();
    const { error } = await openBrowser().client.signIn.email({ email, password, callbackURL: 'https://evil.example' });
    assertError(error, 403, 'INVALID_CALLBACK_URL', 'Invalid callbackURL');
  });

  test('without being remembered lasts a day', async () => {
    const { email } = await signUp();
    const { client, jar } = await signIn(email, { rememberMe: false });
    assert.ok(jar.has('better-auth.dont_remember'));
    const { data } = await client.getSession();
    assertIn(data.session.expiresAt, 1);
  });
});

describe('signing out', { skip }, () => {
  test('ends the session, takes the cookie back and leaves other browsers alone', async () => {
    const first = await signUp();
    const second = await signIn(first.email);
    const { data, error } = await first.client.signOut();
    assert.equal(error, null);
    assert.deepEqual(data, { success: true });
    assert.equal(first.jar.size, 0);
    await assertSignedOut(first);
    await assertSignedIn(second);
  });

  test('makes a copied cookie and a copied token worthless', async () => {
    const browser = await signUp();
    const copy = openBrowser();
    for (const [name, value] of browser.jar) copy.jar.set(name, value);
    await browser.client.signOut();
    await assertSignedOut(copy);
    const { data } = await copy.client.getSession({ fetchOptions: { headers: { authorization: `Bearer ${browser.token}` } } });
    assert.equal(data, null);
  });

  test('succeeds for nobody', async () => {
    const { data } = await openBrowser().client.signOut();
    assert.deepEqual(data, { success: true });
  });
});
