// The official Better Auth client against the running server. Passes against a Better Auth server with jwt() and bearer() as well.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { getJwt, newEmail, openBrowser, origin, password, signIn, signUp, skip } from './browser.mjs';

const DAY_MS = 24 * 60 * 60 * 1000;
const SESSION_COOKIE = 'better-auth.session_token';

function assertJustNow(date) {
  assert.ok(date instanceof Date, `expected a Date, got ${typeof date} ${date}`);
  assert.ok(Math.abs(Date.now() - date) < 30_000, `${date.toISOString()} is not now`);
}

function assertIn(date, days) {
  assert.ok(date instanceof Date, `expected a Date, got ${typeof date} ${date}`);
  assert.ok(Math.abs(Date.now() + days * DAY_MS - date) < 30_000, `${date.toISOString()} is not in ${days} days`);
}

function assertError(error, status, code, message) {
  assert.ok(error, 'expected an error');
  assert.deepEqual({ status: error.status, code: error.code, message: error.message }, { status, code, message });
}

async function assertSignedOut({ client }) {
  const { data, error } = await client.getSession();
  assert.equal(error, null);
  assert.equal(data, null);
}

async function assertSignedIn({ client, user }) {
  const { data, error } = await client.getSession();
  assert.equal(error, null);
  assert.equal(data?.user.id, user.id);
}

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

describe('the session', { skip }, () => {
  test('is null for nobody', async () => {
    await assertSignedOut(openBrowser());
  });

  test('names its user, its browser and its times', async () => {
    const { client, user, token } = await signUp({ userAgent: 'Ada/1.0' });
    const { data, error } = await client.getSession();
    assert.equal(error, null);
    assert.deepEqual(data.user, user);
    assert.equal(data.session.token, token);
    assert.equal(data.session.userId, user.id);
    assert.equal(data.session.userAgent, 'Ada/1.0');
    assertJustNow(data.session.createdAt);
    assertJustNow(data.session.updatedAt);
    assertIn(data.session.expiresAt, 7);
  });

  test('is found by its token as a bearer, plain and signed', async () => {
    const { user, token, jar } = await signUp();
    const signed = decodeURIComponent(jar.get(SESSION_COOKIE));
    for (const bearer of [token, signed]) {
      const { data } = await openBrowser().client.getSession({ fetchOptions: { headers: { authorization: `Bearer ${bearer}` } } });
      assert.equal(data?.user.id, user.id);
    }
  });

  test('is not found by a cookie whose signature was changed', async () => {
    const browser = await signUp();
    const [token] = decodeURIComponent(browser.jar.get(SESSION_COOKIE)).split('.');
    browser.jar.set(SESSION_COOKIE, encodeURIComponent(`${token}.${'A'.repeat(43)}=`));
    await assertSignedOut(browser);
  });

  test('cannot be used by a page of another site', async () => {
    const browser = await signUp();
    const response = await fetch(`${origin}/api/auth/sign-out`, {
      method: 'POST',
      headers: { origin: 'https://evil.example', cookie: `${SESSION_COOKIE}=${browser.jar.get(SESSION_COOKIE)}` },
    });
    assert.equal(response.status, 403);
    assert.equal((await response.json()).code, 'INVALID_ORIGIN');
    await assertSignedIn(browser);
  });
});

describe('the JWT', { skip }, () => {
  const verify = (jwt) => jwtVerify(jwt, createRemoteJWKSet(new URL('/api/auth/jwks', origin)), { issuer: origin, audience: origin });

  test('verifies with the published keys and carries the user', async () => {
    const browser = await signUp();
    const { payload, protectedHeader } = await verify(await getJwt(browser));
    assert.deepEqual(Object.keys(protectedHeader).sort(), ['alg', 'kid']);
    assert.equal(payload.sub, browser.user.id);
    assert.equal(payload.id, browser.user.id);
    assert.equal(payload.email, browser.email);
    assert.equal(payload.name, browser.user.name);
    assert.equal(payload.createdAt, browser.user.createdAt.toISOString());
    assert.equal(payload.exp - payload.iat, 15 * 60);
  });

  test('also comes with every answer about the session', async () => {
    const { client, user } = await signUp();
    let jwt;
    await client.getSession({ fetchOptions: { onSuccess: ({ response }) => { jwt = response.headers.get('set-auth-jwt'); } } });
    const { payload } = await verify(jwt);
    assert.equal(payload.sub, user.id);
  });

  test('is signed by a key the client can list', async () => {
    const browser = await signUp();
    const { kid, alg } = decodeProtectedHeader(await getJwt(browser));
    const { data, error } = await browser.client.jwks();
    assert.equal(error, null);
    const key = data.keys.find((candidate) => candidate.kid === kid);
    assert.deepEqual({ alg: key.alg, crv: key.crv, kty: key.kty }, { alg, crv: 'Ed25519', kty: 'OKP' });
    assert.equal(key.d, undefined, 'the private part must not be published');
  });

  test('is not given to nobody', async () => {
    const { data, error } = await openBrowser().client.token();
    assert.equal(data, null);
    assertError(error, 401, 'UNAUTHORIZED', 'Unauthorized');
  });

  test('is no session', async () => {
    const jwt = await getJwt(await signUp());
    const { data } = await openBrowser().client.getSession({ fetchOptions: { headers: { authorization: `Bearer ${jwt}` } } });
    assert.equal(data, null);
  });
});

describe('updating the user', { skip }, () => {
  test('changes name and image, here and in the next JWT', async () => {
    const browser = await signUp();
    const image = 'https://example.com/new.png';
    const { data, error } = await browser.client.updateUser({ name: 'Countess', image });
    assert.equal(error, null);
    assert.deepEqual(data, { status: true });
    const session = await browser.client.getSession();
    assert.equal(session.data.user.name, 'Countess');
    assert.equal(session.data.user.image, image);
    assert.ok(session.data.user.updatedAt > browser.user.updatedAt);
    assert.deepEqual(session.data.user.createdAt, browser.user.createdAt);
    const { payload } = await jwtVerify(await getJwt(browser), createRemoteJWKSet(new URL('/api/auth/jwks', origin)));
    assert.equal(payload.name, 'Countess');
  });

  test('removes the image and leaves the name alone', async () => {
    const { client, user } = await signUp();
    await client.updateUser({ image: 'https://example.com/a.png' });
    await client.updateUser({ image: null });
    const { data } = await client.getSession();
    assert.equal(data.user.image, null);
    assert.equal(data.user.name, user.name);
  });

  test('refuses another address and a change of nothing it knows', async () => {
    const { client } = await signUp();
    assertError((await client.updateUser({ email: newEmail() })).error, 400, 'EMAIL_CAN_NOT_BE_UPDATED', 'Email can not be updated');
    assertError((await client.updateUser({ nickname: 'Ada' })).error, 400, undefined, 'No fields to update');
  });

  test('is not for nobody', async () => {
    const { error } = await openBrowser().client.updateUser({ name: 'Nobody' });
    assertError(error, 401, 'UNAUTHORIZED', 'Unauthorized');
  });
});

describe('the list of sessions', { skip }, () => {
  test('shows every browser of the user and nobody else', async () => {
    const first = await signUp({ userAgent: 'First/1.0' });
    await signUp();
    const second = await signIn(first.email, { userAgent: 'Second/1.0' });
    const { data, error } = await first.client.listSessions();
    assert.equal(error, null);
    assert.deepEqual(new Map(data.map((session) => [session.token, session.userAgent])),
      new Map([[first.token, 'First/1.0'], [second.token, 'Second/1.0']]));
    for (const session of data) {
      assert.equal(session.userId, first.user.id);
      assertIn(session.expiresAt, 7);
    }
  });

  test('is not for nobody', async () => {
    assertError((await openBrowser().client.listSessions()).error, 401, 'UNAUTHORIZED', 'Unauthorized');
  });
});

describe('revoking', { skip }, () => {
  test('one session ends that one only', async () => {
    const first = await signUp();
    const second = await signIn(first.email);
    const { data, error } = await first.client.revokeSession({ token: second.token });
    assert.equal(error, null);
    assert.deepEqual(data, { status: true });
    await assertSignedOut(second);
    await assertSignedIn(first);
    assert.ok(!second.jar.has(SESSION_COOKIE), 'the dead cookie is taken back');
  });

  test('the session of somebody else does nothing, and does not tell', async () => {
    const ada = await signUp();
    const eve = await signUp();
    const { data } = await eve.client.revokeSession({ token: ada.token });
    assert.deepEqual(data, { status: true });
    await assertSignedIn(ada);
  });

  test('the other sessions keeps the current one', async () => {
    const first = await signUp();
    const second = await signIn(first.email);
    const third = await signIn(first.email);
    const { data } = await second.client.revokeOtherSessions();
    assert.deepEqual(data, { status: true });
    await assertSignedIn(second);
    await assertSignedOut(first);
    await assertSignedOut(third);
  });

  test('all sessions signs every browser out', async () => {
    const first = await signUp();
    const second = await signIn(first.email);
    const { data } = await first.client.revokeSessions();
    assert.deepEqual(data, { status: true });
    assert.ok(!first.jar.has(SESSION_COOKIE));
    await assertSignedOut(first);
    await assertSignedOut(second);
  });
});

describe('changing the password', { skip }, () => {
  const newPassword = 'another long password';

  test('lets the new one in, not the old one, and keeps the sessions', async () => {
    const first = await signUp();
    const second = await signIn(first.email);
    const { data, error } = await first.client.changePassword({ currentPassword: password, newPassword });
    assert.equal(error, null);
    assert.equal(data.token, null);
    assert.equal(data.user.id, first.user.id);
    await assertSignedIn(first);
    await assertSignedIn(second);
    const old = await openBrowser().client.signIn.email({ email: first.email, password });
    assertError(old.error, 401, 'INVALID_EMAIL_OR_PASSWORD', 'Invalid email or password');
    await assertSignedIn(await signIn(first.email, { password: newPassword }));
  });

  test('with the other sessions revoked leaves only a new one', async () => {
    const first = await signUp();
    const second = await signIn(first.email);
    const { data, error } = await first.client.changePassword({ currentPassword: password, newPassword, revokeOtherSessions: true });
    assert.equal(error, null);
    assert.match(data.token, /^[A-Za-z0-9]{32}$/);
    assert.notEqual(data.token, first.token);
    await assertSignedOut(second);
    const { data: session } = await first.client.getSession();
    assert.equal(session.session.token, data.token);
    const { data: sessions } = await first.client.listSessions();
    assert.deepEqual(sessions.map(({ token }) => token), [data.token]);
  });

  test('is refused without the current one, and for a short new one', async () => {
    const { client, email } = await signUp();
    const wrong = await client.changePassword({ currentPassword: 'wrong password', newPassword, revokeOtherSessions: true });
    assertError(wrong.error, 400, 'INVALID_PASSWORD', 'Invalid password');
    const short = await client.changePassword({ currentPassword: password, newPassword: 'short' });
    assertError(short.error, 400, 'PASSWORD_TOO_SHORT', 'Password too short');
    await assertSignedIn(await signIn(email));
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

describe('the server', { skip }, () => {
  test('says that it is well', async () => {
    const response = await fetch(`${origin}/api/auth/ok`);
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), { ok: true });
  });

  test('does not know other paths or methods', async () => {
    for (const [method, path] of [['GET', '/nope'], ['GET', '/sign-in/email'], ['POST', '/token'], ['GET', '/ok/']]) {
      const response = await fetch(`${origin}/api/auth${path}`, { method });
      assert.equal(response.status, 404, `${method} ${path}`);
      assert.equal(await response.text(), '', `${method} ${path}`);
    }
  });
});
