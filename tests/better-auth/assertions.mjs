// What the tests say about the answers of the official client.
import assert from 'node:assert/strict';

const DAY_MS = 24 * 60 * 60 * 1000;

export function assertJustNow(date) {
  assert.ok(date instanceof Date, `expected a Date, got ${typeof date} ${date}`);
  assert.ok(Math.abs(Date.now() - date) < 30_000, `${date.toISOString()} is not now`);
}

export function assertIn(date, days) {
  assert.ok(date instanceof Date, `expected a Date, got ${typeof date} ${date}`);
  assert.ok(Math.abs(Date.now() + days * DAY_MS - date) < 30_000, `${date.toISOString()} is not in ${days} days`);
}

export function assertError(error, status, code, message) {
  assert.ok(error, 'expected an error');
  assert.deepEqual({ status: error.status, code: error.code, message: error.message }, { status, code, message });
}

/** The call succeeded with exactly that. */
export function assertData({ data, error }, expected) {
  assert.equal(error, null);
  assert.deepEqual(data, expected);
}

export async function assertSignedOut({ client }) {
  const { data, error } = await client.getSession();
  assert.equal(error, null);
  assert.equal(data, null);
}

export async function assertSignedIn({ client, user }) {
  const { data, error } = await client.getSession();
  assert.equal(error, null);
  assert.equal(data?.user.id, user.id);
}

/** The password is that of the address. */
export async function assertPassword(browser, email, password) {
  const { data, error } = await browser.client.signIn.email({ email, password });
  assert.equal(error, null);
  assert.equal(data.user.email, email);
}

export async function assertNoPassword(browser, email, password) {
  const { data, error } = await browser.client.signIn.email({ email, password });
  assert.equal(data, null);
  assertError(error, 401, 'INVALID_EMAIL_OR_PASSWORD', 'Invalid email or password');
}
