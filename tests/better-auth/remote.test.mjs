// Ours in remote mode: tasks for the users of a real Better Auth, by its JWTs and public keys.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { SignJWT, decodeProtectedHeader, exportJWK, generateKeyPair } from 'jose';
import pg from 'pg';
import { getJwt, newEmail, password } from './browser.mjs';
import { callTasks, openAt, ours, skipBoth as skip, theirs } from './servers.mjs';

const PATIENCE_MS = 40_000;
const database = process.env.TEST_AUTH_DATABASE_URL;
const pool = database && new pg.Pool({ connectionString: database });
after(() => pool?.end());

async function signUp() {
  const browser = openAt(theirs);
  const { data, error } = await browser.client.signUp.email({ name: 'Ada', email: newEmail(), password });
  assert.equal(error, null);
  return { ...browser, user: data.user, token: data.token };
}

/** Asks until ours accepts the JWT: it may look for new keys only now and then. */
async function waitUntilAccepted(jwt) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const { status } = await callTasks(jwt);
    if (status === 200) return;
    assert.equal(status, 401);
    assert.ok(Date.now() < deadline, `not accepted within ${PATIENCE_MS} ms`);
    await new Promise((resolve) => { setTimeout(resolve, 200); });
  }
}

function assertRefused({ status, headers }, message) {
  assert.equal(status, 401, message);
  assert.match(headers.get('www-authenticate'), /^Bearer\b/, message);
}

describe('a JWT of the real server', { skip }, () => {
  test('is signed by the algorithm it was told', async () => {
    const { alg } = decodeProtectedHeader(await getJwt(await signUp()));
    assert.equal(alg, process.env.JWT_ALGORITHM ?? 'EdDSA');
  });

  test('opens the tasks of its user, and of nobody else', async () => {
    const [ada, eve] = [await signUp(), await signUp()];
    const [jwt, other] = [await getJwt(ada), await getJwt(eve)];
    const created = await callTasks(jwt, { method: 'POST', body: { title: 'Buy milk' } });
    assert.equal(created.status, 201);
    assert.equal(created.body.user_id, ada.user.id);
    assert.deepEqual((await callTasks(jwt)).body.tasks.map(({ id }) => id), [created.body.id]);
    assert.deepEqual((await callTasks(other)).body.tasks, []);
    const foreign = await fetch(`${ours}/api/${ada.user.id}/tasks`, { headers: { authorization: `Bearer ${other}` } });
    assert.equal(foreign.status, 403);
  });

  test('is refused when it was changed', async () => {
    const [header, payload, signature] = (await getJwt(await signUp())).split('.');
    const claims = { ...JSON.parse(Buffer.from(payload, 'base64url')), sub: 'somebody-else' };
    assertRefused(await callTasks([header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.')));
    assertRefused(await callTasks([Buffer.from('{"alg":"none"}').toString('base64url'), payload, ''].join('.')));
  });
});

describe('a session of the real server', { skip }, () => {
  test('is no credential at ours, which says how to get one', async () => {
    const { token, jar } = await signUp();
    const signed = decodeURIComponent(jar.get('better-auth.session_token'));
    for (const bearer of [token, signed]) {
      const answer = await callTasks(bearer);
      assertRefused(answer);
      assert.match(answer.body.detail, /\/api\/auth\/token/);
    }
  });

  test('is not read from the cookie', async () => {
    const { jar } = await signUp();
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    assert.equal((await fetch(`${ours}/api/me/tasks`, { headers: { cookie } })).status, 401);
  });
});

describe('ours in remote mode', { skip }, () => {
  test('serves no routes of authentication', async () => {
    for (const [method, path] of [['GET', '/ok'], ['GET', '/get-session'], ['GET', '/jwks'], ['GET', '/token'], ['POST', '/sign-in/email'], ['POST', '/sign-up/email']]) {
      const response = await fetch(`${ours}/api/auth${path}`, { method });
      assert.equal(response.status, 404, `${method} ${path}`);
    }
  });
});

describe('a key that the real server publishes', { skip }, () => {
  const kid = 'k'.repeat(32);
  let key;

  before(async () => {
    const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
    key = privateKey;
    // Older than the real server's own key, so that it goes on signing with that one.
    await pool.query('insert into jwks (id, "publicKey", "privateKey", "createdAt", alg, crv) values ($1, $2, \'none\', now() - interval \'1 day\', \'EdDSA\', \'Ed25519\')',
      [kid, JSON.stringify(await exportJWK(publicKey))]);
    const { keys } = await (await fetch(`${theirs}/api/auth/jwks`)).json();
    assert.ok(keys.some((candidate) => candidate.kid === kid), 'it is published');
    await waitUntilAccepted(await sign());
  });

  function sign(claims = {}, header = {}) {
    const now = Math.floor(Date.now() / 1000);
    const all = { iat: now, sub: 'somebody', exp: now + 900, iss: theirs, aud: theirs, ...claims };
    return new SignJWT(all).setProtectedHeader({ alg: 'EdDSA', kid, ...header }).sign(key);
  }

  test('is found though it was not there at first', async () => {
    assert.equal((await callTasks(await sign({ sub: 'another' }))).status, 200);
  });

  const bad = {
    'of another issuer': { iss: 'https://evil.example' },
    'of an issuer that only begins alike': { iss: `${theirs}.evil.example` },
    'of an issuer with a slash at its end': { iss: `${theirs}/` },
    'without an issuer': { iss: undefined },
    'for another audience': { aud: 'https://evil.example' },
    'for ours instead of the issuer': { aud: ours },
    'without an audience': { aud: undefined },
    'that has expired': { exp: Math.floor(Date.now() / 1000) - 3600 },
    'without an expiry': { exp: undefined },
    'without a user': { sub: undefined },
    'of an empty user': { sub: '' },
    'that is not valid yet': { nbf: Math.floor(Date.now() / 1000) + 3600 },
  };
  for (const [name, claims] of Object.entries(bad)) {
    test(`does not help a JWT ${name}`, async () => {
      assertRefused(await callTasks(await sign(claims)));
    });
  }

  test('does not help a JWT that names no key or another', async () => {
    assertRefused(await callTasks(await sign({}, { kid: undefined })));
    assertRefused(await callTasks(await sign({}, { kid: 'x'.repeat(32) })));
  });

  test('may be one of several audiences', async () => {
    assert.equal((await callTasks(await sign({ aud: ['https://other.example', theirs] }))).status, 200);
  });
});

describe('rotation at the real server', { skip }, () => {
  test('is followed: the new key works, and the old one until it is gone', async () => {
    const browser = await signUp();
    const old = await getJwt(browser);
    assert.equal((await callTasks(old)).status, 200);
    // What its rotationInterval does in time.
    await pool.query('update jwks set "expiresAt" = now() - interval \'1 second\' where "expiresAt" is null');
    const renewed = await getJwt(browser);
    assert.notEqual(decodeProtectedHeader(renewed).kid, decodeProtectedHeader(old).kid);
    await waitUntilAccepted(renewed);
    assert.equal((await callTasks(old)).status, 200, 'both are published for a while');
  });
});
