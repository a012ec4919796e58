// Two servers at once: ours (DULY_URL) and the real one (REFERENCE_URL).
import { openBrowser, origin } from './browser.mjs';

const url = process.env.REFERENCE_URL;
if (!url && process.env.CI) throw new Error('REFERENCE_URL must name the real server');

/** Why tests with both servers cannot run, or `false`. */
export const skipBoth = !(url && process.env.DULY_URL) && 'set DULY_URL and REFERENCE_URL to the base URLs of both servers';
export const ours = origin;
export const theirs = url ? new URL(url).origin : 'http://reference.invalid';

/** One call to the task routes of ours, without cookies. */
export async function callTasks(bearer, { method = 'GET', body, headers = {} } = {}) {
  const response = await fetch(`${ours}/api/me/tasks`, {
    method,
    headers: { authorization: `Bearer ${bearer}`, ...(body && { 'content-type': 'application/json' }), ...headers },
    body: body && JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text && JSON.parse(text) };
}

/** The same profile at another server, as when both are behind one host: the cookies go to either. */
export function openAt(server, { jar, userAgent } = {}) {
  return openBrowser(userAgent, { origin: server, jar });
}
