// Ours and the real Better Auth on one PostgreSQL with one secret: what one of them does holds at the other.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import pg from 'pg';
import { assertData, assertError, assertNoPassword, assertPassword, assertSignedIn, assertSignedOut } from './assertions.mjs';
import { SESSION_COOKIE, getJwt, newEmail, password } from './browser.mjs';
import { openLink, receiveMails } from './mail.mjs';
import { callTasks, openAt, ours, skipBoth as skip, theirs } from './servers.mjs';

const NEW_PASSWORD = 'another long password';
const DAY_MS = 24 * 60 * 60 * 1000;
const database = process.env.TEST_AUTH_DATABASE_URL;
const pool = database && new pg.Pool({ connectionString: database });
after(() => pool?.end());

async function signUpAt(server, body = {}) {
  const browser = openAt(server);
  const email = newEmail();
  const { data, error } = await browser.client.signUp.email({ name: 'Ada', email, password, ...body });
  assert.equal(error, null);
  return { ...browser, email, user: data.user, token: data.token };
}

/** The same browser at the other server, with the same cookies. */
const move = (browser, server) => ({ ...browser, ...openAt(server, browser) });

/** The link in the newest mail to an address, at whichever server it leads to. */
async function receiveAnyLink(address) {
  const messages = await receiveMails(address);
  return new URL(messages.at(-1).text.match(/https?:\/\/[^\s<>"]+/)[0]);
}

async function verifyJwt(jwt, { keysOf, issuer }) {
  const keys = createRemoteJWKSet(new URL('/api/auth/jwks', keysOf));
  const { payload } = await jwtVerify(jwt, keys, { issuer, audience: issuer });
  return payload;
}

async function countRows(userId) {
  const { rows } = await pool.query(`select (select count(*)::int from "user" where id = $1) as users, (select count(*)::int from session where "userId" = $1) as sessions,
    (select count(*)::int from account where "userId" = $1) as accounts, (select count(*)::int from tasks where user_id = $1) as tasks`, [userId]);
  return rows[0];
}

for (const [here, there, name] of [[ours, theirs, 'from ours to the real one'], [theirs, ours, 'from the real one to ours']]) {
  describe(`a user, ${name}`, { skip }, () => {
    test('signs in at the other, and by no wrong password', async () => {
      const { email } = await signUpAt(here);
      await assertPassword(openAt(there), email, password);
      await assertNoPassword(openAt(there), email, 'wrong password');
      await assertNoPassword(openAt(here), email, 'wrong password');
    });

    test('cannot sign up again at the other', async () => {
      const { email } = await signUpAt(here);
      const { error } = await openAt(there).client.signUp.email({ name: 'Eve', email: email.toUpperCase(), password });
      assertError(error, 422, 'USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL', 'User already exists. Use another email.');
    });

    test('has the password that was changed at the other', async () => {
      const browser = await signUpAt(here);
      const { error } = await move(browser, there).client.changePassword({ currentPassword: password, newPassword: NEW_PASSWORD });
      assert.equal(error, null);
      await assertPassword(openAt(here), browser.email, NEW_PASSWORD);
      await assertNoPassword(openAt(here), browser.email, password);
    });

    test('has the name that was changed at the other', async () => {
      const browser = await signUpAt(here);
      assertData(await move(browser, there).client.updateUser({ name: 'Countess', image: null }), { status: true });
      const { data } = await browser.client.getSession();
      assert.equal(data.user.name, 'Countess');
    });

    test('resets the password at the other by a mail of the one', async () => {
      const browser = await signUpAt(here);
      await openAt(here).client.requestPasswordReset({ email: browser.email, redirectTo: '/reset' });
      const token = (await receiveAnyLink(browser.email)).pathname.split('/').pop();
      assertData(await openAt(there).client.resetPassword({ newPassword: NEW_PASSWORD, token }), { status: true });
      await assertPassword(openAt(here), browser.email, NEW_PASSWORD);
      await assertSignedOut(browser);
      assertError((await openAt(here).client.resetPassword({ newPassword: password, token })).error, 400, 'INVALID_TOKEN', 'Invalid token');
    });

    test('is verified at the other by a mail of the one', async () => {
      const browser = await signUpAt(here);
      await browser.client.sendVerificationEmail({ email: browser.email });
      const link = await receiveAnyLink(browser.email);
      assert.equal(link.origin, here);
      assert.equal((await openLink(new URL(link.pathname + link.search, there))).status, 302);
      const { data } = await browser.client.getSession();
      assert.equal(data.user.emailVerified, true);
    });

    test('is gone when it was deleted at the other, with its sessions and tasks', async () => {
      const browser = await signUpAt(here);
      const bystander = await signUpAt(here);
      for (const { token } of [browser, browser, bystander]) {
        assert.equal((await callTasks(token, { method: 'POST', body: { title: 'Buy milk' } })).status, 201);
      }
      assert.deepEqual(await countRows(browser.user.id), { users: 1, sessions: 1, accounts: 1, tasks: 2 });
      assertData(await move(browser, there).client.deleteUser({ password }), { success: true, message: 'User deleted' });

      await assertSignedOut(browser);
      assert.equal((await callTasks(browser.token)).status, 401);
      await assertNoPassword(openAt(here), browser.email, password);
      await assertNoPassword(openAt(there), browser.email, password);
      assert.deepEqual(await countRows(browser.user.id), { users: 0, sessions: 0, accounts: 0, tasks: 0 });
      assert.deepEqual(await countRows(bystander.user.id), { users: 1, sessions: 1, accounts: 1, tasks: 1 });
      await assertSignedIn(bystander);
    });
  });

  describe(`a session, ${name}`, { skip }, () => {
    test('is the same at the other, by cookie and by bearer', async () => {
      const browser = await signUpAt(here);
      const { data } = await browser.client.getSession();
      const atTheOther = move(browser, there);
      assertData(await atTheOther.client.getSession(), data);
      const signed = decodeURIComponent(browser.jar.get(SESSION_COOKIE));
      for (const bearer of [browser.token, signed]) {
        assertData(await openAt(there).client.getSession({ fetchOptions: { headers: { authorization: `Bearer ${bearer}` } } }), data);
      }
      const { data: sessions } = await atTheOther.client.listSessions();
      assert.deepEqual(sessions, [data.session]);
    });

    test('is accepted on the task routes until the other revokes it', async () => {
      const browser = await signUpAt(here);
      assert.equal((await callTasks(browser.token)).status, 200);
      const second = openAt(there);
      await assertPassword(second, browser.email, password);
      assertData(await second.client.revokeSession({ token: browser.token }), { status: true });
      await assertSignedOut(browser);
      assert.equal((await callTasks(browser.token)).status, 401);
    });

    test('ends when it signs out at the other', async () => {
      const browser = await signUpAt(here);
      const copy = openAt(here, { jar: new Map(browser.jar) });
      assertData(await move(browser, there).client.signOut(), { success: true });
      assert.equal(browser.jar.size, 0);
      await assertSignedOut(copy);
    });

    test('that is not to be remembered is treated so by the other', async () => {
      const browser = await signUpAt(here, { rememberMe: false });
      assert.ok(browser.jar.has('better-auth.dont_remember'));
      await pool.query('update session set "expiresAt" = now() + interval \'1 hour\' where token = $1', [browser.token]);
      const { data } = await move(browser, there).client.getSession();
      assert.ok(data.session.expiresAt - Date.now() < 2 * 60 * 60 * 1000, 'it does not slide');
      await move(browser, there).client.updateUser({ name: 'x' });
      assert.ok(browser.jar.has('better-auth.dont_remember'));
      await assertSignedIn(browser);
    });

    test('that slid is valid as long at the other', async () => {
      const browser = await signUpAt(here);
      await pool.query('update session set "expiresAt" = now() + interval \'1 hour\' where token = $1', [browser.token]);
      const slid = await browser.client.getSession();
      assert.ok(slid.data.session.expiresAt - Date.now() > 6.9 * DAY_MS, 'it slides');
      assertData(await move(browser, there).client.getSession(), slid.data);
    });
  });

  describe(`a JWT, ${name}`, { skip }, () => {
    test('is verified by the keys of the other', async () => {
      const browser = await signUpAt(here);
      const payload = await verifyJwt(await getJwt(browser), { keysOf: there, issuer: here });
      assert.equal(payload.sub, browser.user.id);
      assert.equal(payload.email, browser.email);
    });

    test('differs from that of the other in its times and its issuer only', async () => {
      const browser = await signUpAt(here);
      const own = await verifyJwt(await getJwt(browser), { keysOf: here, issuer: here });
      const foreign = await verifyJwt(await getJwt(move(browser, there)), { keysOf: here, issuer: there });
      const common = ({ iat, exp, iss, aud, ...claims }) => claims;
      assert.deepEqual(common(own), common(foreign));
      assert.deepEqual(Object.keys(own), Object.keys(foreign), 'the order of the claims');
    });
  });
}

describe('the key', { skip }, () => {
  // Which server makes the key is the script's choice: both can read what either has encrypted.
  const maker = process.env.KEY_MADE_BY === 'reference' ? theirs : ours;
  before(async () => { await fetch(`${maker}/api/auth/jwks`); });

  test('is one, which both publish and sign with', async () => {
    const kids = [];
    for (const server of [ours, theirs]) {
      const { keys } = await (await fetch(`${server}/api/auth/jwks`)).json();
      kids.push(...keys.map(({ kid }) => kid));
      const [header] = (await getJwt(await signUpAt(server))).split('.');
      kids.push(JSON.parse(Buffer.from(header, 'base64url').toString()).kid);
    }
    assert.equal(new Set(kids).size, 1, kids.join(' '));
  });

  test('is encrypted by the current secret where there are several', { skip: skip || (!process.env.TEST_AUTH_SECRETS && 'set TEST_AUTH_SECRETS') }, async () => {
    const { rows } = await pool.query('select "privateKey" from jwks');
    const [current] = process.env.TEST_AUTH_SECRETS.split(':');
    assert.equal(rows.length, 1);
    assert.match(rows[0].privateKey, new RegExp(`^"?\\$ba\\$${current}\\$[0-9a-f]+"?$`));
  });
});
