// Who is signed in: the routes of Better Auth that this page uses. The session itself is a cookie that scripts cannot see.

import { Refused, Unreachable, request } from './api.js';
import { forget, read, write } from './storage.js';

const ROUTES = '/api/auth';
/** Who was signed in last, so that the page can also start without a connection. */
const LAST_USER = 'user';

/** Tabs tell each other who has left, or that somebody has come: `{ left }`, an id or `null`. */
const channel = new BroadcastChannel('duly');

export function onChangeElsewhere(listener) {
  channel.addEventListener('message', ({ data }) => listener(data));
}

/** Who was signed in here last and has not signed out: `{ id, name, email }`, or `null`. */
export function lastUser() {
  return read(LAST_USER);
}

/** Who is signed in, or `null`: `{ user }`. Without a connection, who was last. */
export async function current(signal) {
  try {
    const answer = await getSession(signal);
    remember(answer?.user);
    return answer;
  } catch (error) {
    const user = lastUser();
    if (user && (error instanceof Unreachable || error.isTemporary)) return { user };
    throw error;
  }
}

/** `{ session, user }` or `null`. Remembers nobody: the answer may come when they have left. */
export function getSession(signal) {
  return request('GET', `${ROUTES}/get-session`, { signal });
}

export async function signUp({ name, email, password }) {
  return begin(await request('POST', `${ROUTES}/sign-up/email`, { body: { name, email, password } }));
}

export async function signIn({ email, password }) {
  return begin(await request('POST', `${ROUTES}/sign-in/email`, { body: { email, password } }));
}

/** A token is missing where the address has to be verified first: `null` then. */
function begin({ token, user }) {
  if (!token) return null;
  remember(user);
  channel.postMessage({ left: null });
  return { user };
}

/**
 * Forgets first: whoever is refused from now on has not lost their session, but left it. The request outlives the page,
 * for those who close it at once.
 */
export async function signOut(user) {
  remember(null);
  try {
    await request('POST', `${ROUTES}/sign-out`, { body: {}, keepalive: true });
  } catch (error) {
    remember(user);
    throw error;
  }
  end(user);
}

export async function deleteUser(user, password) {
  await request('POST', `${ROUTES}/delete-user`, { body: { password } });
  end(user);
}

function end({ id }) {
  remember(null);
  channel.postMessage({ left: id });
}

export async function changePassword(currentPassword, newPassword, revokeOtherSessions) {
  await request('POST', `${ROUTES}/change-password`, { body: { currentPassword, newPassword, revokeOtherSessions } });
}

export function listSessions() {
  return request('GET', `${ROUTES}/list-sessions`);
}

export function revokeSession(token) {
  return request('POST', `${ROUTES}/revoke-session`, { body: { token } });
}

export function requestPasswordReset(email) {
  return request('POST', `${ROUTES}/request-password-reset`, { body: { email, redirectTo: '/' } });
}

export function resetPassword(token, newPassword) {
  return request('POST', `${ROUTES}/reset-password`, { body: { token, newPassword } });
}

function remember(user) {
  if (user) write(LAST_USER, { id: user.id, name: user.name, email: user.email });
  else forget(LAST_USER);
}

const PLAIN_WORDS = {
  EMAIL_NOT_VERIFIED: 'This address is not confirmed yet. Open the link in the e-mail that we sent you.',
  EMAIL_PASSWORD_SIGN_UP_DISABLED: 'New accounts cannot be made on this server.',
  INVALID_EMAIL: 'This is not an e-mail address.',
  INVALID_EMAIL_OR_PASSWORD: 'E-mail or password is wrong.',
  INVALID_ORIGIN: 'This server is known by another address. Open the page there (BETTER_AUTH_URL names it).',
  INVALID_PASSWORD: 'This is not your password.',
  INVALID_TOKEN: 'This link was used already, or is too old. Ask for a new one.',
  PASSWORD_TOO_LONG: 'A password has at most 128 characters.',
  PASSWORD_TOO_SHORT: 'A password has at least 8 characters.',
  SESSION_NOT_FRESH: 'You signed in more than a day ago. Sign out and in again to see your devices.',
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: 'There is an account with this address already. Sign in instead?',
};

const FIELDS = { PASSWORD: 'password', EMAIL: 'email' };

/** An error in plain words, and the field that it is about, or `null`. */
export function explain(error) {
  if (!(error instanceof Refused)) return { message: error.message, field: null };
  if (error.status === 429) {
    const seconds = error.retryAfter ?? 10;
    return { message: `Too many attempts. Try again in ${seconds} second${seconds === 1 ? '' : 's'}.`, field: null };
  }
  if (error.code === 'VALIDATION_ERROR') return { message: PLAIN_WORDS.INVALID_EMAIL, field: 'email' };
  const field = error.code === 'INVALID_EMAIL_OR_PASSWORD' ? 'PASSWORD' : /PASSWORD|EMAIL/.exec(error.code)?.[0];
  return { message: PLAIN_WORDS[error.code] ?? error.message, field: FIELDS[field] ?? null };
}
