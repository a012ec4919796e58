// The JWT for other services.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { assertError } from '../assertions.mjs';
import { getJwt, openBrowser, origin, signUp, skip } from '../browser.mjs';

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
