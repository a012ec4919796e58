// The user: updating, listing the accounts, deleting.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { assertData, assertError, assertJustNow, assertNoPassword, assertPassword, assertSignedIn, assertSignedOut } from '../assertions.mjs';
import { getJwt, newEmail, openBrowser, origin, password, signIn, signUp, skip } from '../browser.mjs';

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

describe('the accounts of the user', { skip }, () => {
  test('are the one with the password', async () => {
    const { client, user } = await signUp();
    const { data, error } = await client.listAccounts();
    assert.equal(error, null);
    assert.equal(data.length, 1);
    const { id, createdAt, updatedAt, ...account } = data[0];
    assert.match(id, /^[A-Za-z0-9]{32}$/);
    assertJustNow(createdAt);
    assertJustNow(updatedAt);
    assert.deepEqual(account, { accountId: user.id, providerId: 'credential', userId: user.id, scopes: [] });
  });

  test('are not for nobody', async () => {
    assertError((await openBrowser().client.listAccounts()).error, 401, 'UNAUTHORIZED', 'Unauthorized');
  });
});

describe('deleting the user', { skip }, () => {
  const DELETED = { success: true, message: 'User deleted' };

  test('with the password ends every session and takes the account away', async () => {
    const first = await signUp();
    const second = await signIn(first.email);
    assertData(await first.client.deleteUser({ password }), DELETED);
    assert.equal(first.jar.size, 0, 'the cookies are taken back');
    await assertSignedOut(first);
    await assertSignedOut(second);
    await assertNoPassword(openBrowser(), first.email, password);
  });

  test('needs no password in a fresh session', async () => {
    const browser = await signUp();
    assertData(await browser.client.deleteUser(), DELETED);
    await assertNoPassword(openBrowser(), browser.email, password);
  });

  test('is refused for a wrong password and for a token that is none', async () => {
    const browser = await signUp();
    assertError((await browser.client.deleteUser({ password: 'wrong password' })).error, 400, 'INVALID_PASSWORD', 'Invalid password');
    assertError((await browser.client.deleteUser({ token: 'nope' })).error, 404, 'INVALID_TOKEN', 'Invalid token');
    await assertSignedIn(browser);
    await assertPassword(openBrowser(), browser.email, password);
  });

  test('leaves everybody else alone', async () => {
    const bystander = await signUp();
    const browser = await signUp();
    assertData(await browser.client.deleteUser({ password }), DELETED);
    await assertSignedIn(bystander);
    await assertPassword(openBrowser(), bystander.email, password);
  });

  test('lets the address be used again, by another user', async () => {
    const browser = await signUp();
    await browser.client.deleteUser({ password });
    const { data } = await openBrowser().client.signUp.email({ name: 'Ada again', email: browser.email, password });
    assert.notEqual(data.user.id, browser.user.id);
  });

  test('is not for nobody', async () => {
    assertError((await openBrowser().client.deleteUser({ password })).error, 401, 'UNAUTHORIZED', 'Unauthorized');
  });
});
