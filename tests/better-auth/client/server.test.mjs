// What is there without a user.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { origin, skip } from '../browser.mjs';

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
