// The password, changed by whoever knows it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertError, assertSignedIn, assertSignedOut } from '../assertions.mjs';
import { openBrowser, password, signIn, signUp, skip } from '../browser.mjs';

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
