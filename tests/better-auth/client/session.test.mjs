// The session, and the list of them: what it says, who can use it, and how it ends.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertError, assertIn, assertJustNow, assertSignedIn, assertSignedOut } from '../assertions.mjs';
import { SESSION_COOKIE, openBrowser, origin, signIn, signUp, skip } from '../browser.mjs';

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
