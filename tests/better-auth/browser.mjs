// What the tests need around the official client: a cookie jar (Node's fetch has none) and the Origin header a browser adds.
import { randomBytes } from 'node:crypto';
import { createAuthClient } from 'better-auth/client';
import { jwtClient } from 'better-auth/client/plugins';

const url = process.env.DULY_URL;
if (!url && process.env.CI) throw new Error('DULY_URL must name the running server');

/** Why the tests cannot run, or `false`. Goes into the `skip` option of a suite. */
export const skip = !url && 'set DULY_URL to the base URL of a running server';
export const origin = url ? new URL(url).origin : 'http://server.invalid';
export const password = 'correct horse battery';
export const SESSION_COOKIE = 'better-auth.session_token';

/** A browser profile: its own cookies, its own User-Agent, and the official client on top, for the server of that origin. */
export function openBrowser(userAgent = 'Test Browser/1.0', { origin: server = origin, jar = new Map() } = {}) {
  /** `fetch` as a page of the server's own origin would do it. */
  async function fetchAsPage(input, init = {}) {
    const headers = new Headers(init.headers);
    headers.set('origin', server);
    headers.set('user-agent', userAgent);
    if (jar.size) headers.set('cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '));
    const response = await fetch(input, { ...init, headers });
    for (const line of response.headers.getSetCookie()) keepCookie(jar, line);
    return response;
  }

  const client = createAuthClient({
    baseURL: server,
    plugins: [jwtClient()],
    fetchOptions: { customFetchImpl: fetchAsPage },
  });
  return { client, jar, fetch: fetchAsPage };
}

function keepCookie(jar, line) {
  const [pair, ...attributes] = line.split(';').map((part) => part.trim());
  const name = pair.slice(0, pair.indexOf('='));
  const value = pair.slice(pair.indexOf('=') + 1);
  if (attributes.some((attribute) => attribute.toLowerCase() === 'max-age=0')) jar.delete(name);
  else jar.set(name, value);
}

/** An address nobody has used before, so that the tests can be repeated against the same database. */
export function newEmail(name = 'someone') {
  return `${name}.${randomBytes(8).toString('hex')}@example.com`;
}

/** A browser with a user of its own signed in. */
export async function signUp({ name = 'Ada Lovelace', userAgent } = {}) {
  const browser = openBrowser(userAgent);
  const email = newEmail();
  const { data, error } = await browser.client.signUp.email({ name, email, password });
  if (error) throw new Error(`sign-up failed: ${JSON.stringify(error)}`);
  return { ...browser, email, user: data.user, token: data.token };
}

/** Another browser of the same user. */
export async function signIn(email, { userAgent, ...body } = {}) {
  const browser = openBrowser(userAgent);
  const { data, error } = await browser.client.signIn.email({ email, password, ...body });
  if (error) throw new Error(`sign-in failed: ${JSON.stringify(error)}`);
  return { ...browser, email, user: data.user, token: data.token };
}

export async function getJwt({ client }) {
  const { data, error } = await client.token();
  if (error) throw new Error(`no token: ${JSON.stringify(error)}`);
  return data.token;
}
