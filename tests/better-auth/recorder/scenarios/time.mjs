// Sessions that slide, expire and go stale: moved in time by SQL.
import { withDatabase } from '../scenario.mjs';

const GETS = ['/get-session', '/token', '/list-sessions', '/list-accounts'];
const POSTS = [
  ['/update-user', { name: 'x' }], ['/update-user', {}], ['/change-password', { newPassword: '12345678', currentPassword: 'wrong password' }], ['/revoke-session', { token: 'x' }], ['/revoke-other-sessions', {}],
  ['/change-email', { newEmail: 'not-yet-used@example.com' }], ['/send-verification-email', { email: 'other@example.com' }], ['/delete-user', { token: 'x' }], ['/sign-out', {}],
];

/** Moves the session: `left` until it expires, `age` since it began. */
function moveSession({ sql }, token, { left, age }) {
  if (age) return sql('update session set "expiresAt" = now() + $2::interval, "createdAt" = now() - $3::interval, "updatedAt" = now() - $3::interval where token = $1', token, left, age);
  return sql('update session set "expiresAt" = now() + $2::interval where token = $1', token, left);
}

export default {
  'a session slides on every route': withDatabase(async ({ get, post, user, sql }) => {
    const { cookie, token } = await user('ada');
    for (const path of GETS) {
      await moveSession({ sql }, token, { left: '5 days' });
      await get(`GET ${path}`, path, { cookie });
    }
    for (const [i, [path, body]] of POSTS.entries()) {
      await moveSession({ sql }, token, { left: '5 days' });
      await post(`POST ${path} (${i})`, path, body, { cookie });
    }
  }),

  'when a session slides': withDatabase(async ({ get, user, signIn, sql, rows }) => {
    const { email, cookie, token } = await user('ada');
    const expiry = (step, which = token) => rows(step, 'select "expiresAt", "createdAt", "updatedAt" from session where token = $1', which);
    await moveSession({ sql }, token, { left: '6 days 1 minute', age: '23 hours 59 minutes' });
    await get('not within a day', '/get-session', { cookie });
    await moveSession({ sql }, token, { left: '5 days 23 hours 59 minutes', age: '1 day 1 minute' });
    await get('not when told not to', '/get-session?disableRefresh=true', { cookie });
    await get('not on another route when told not to', '/token?disableRefresh=1', { cookie });
    await get('even told with an empty value', '/get-session?disableRefresh=', { cookie });
    await expiry('the row');
    await moveSession({ sql }, token, { left: '1 minute', age: '7 days' });
    await get('by bearer, at the last minute', '/get-session', { bearer: token });
    const forgetful = await signIn(email, { rememberMe: false });
    await get('not the one that is not to be remembered', '/get-session', { cookie: forgetful.cookie });
    await expiry('its row', forgetful.token);
    await get('but by bearer', '/get-session', { bearer: forgetful.token });
    await expiry('its row after that', forgetful.token);
  }),

  'a session that has expired': withDatabase(async ({ get, post, user, signIn, sql, rows }) => {
    const { email, cookie } = await user('ada');
    for (const path of GETS) {
      const session = await signIn(email);
      await moveSession({ sql }, session.token, { left: '-1 second' });
      await get(`GET ${path}`, path, { cookie: session.cookie });
      await rows(`the row after ${path}`, 'select count(*) from session where token = $1', session.token);
    }
    const expired = await signIn(email);
    await moveSession({ sql }, expired.token, { left: '-1 second' });
    await get('is not in the list', '/list-sessions', { cookie });
    await post('is revoked as any other', '/revoke-session', { token: expired.token }, { cookie });
    await rows('the row after that', 'select count(*) from session where token = $1', expired.token);
    const other = await signIn(email);
    await moveSession({ sql }, other.token, { left: '-1 second' });
    await post('is not one of the others', '/revoke-other-sessions', {}, { cookie });
    await rows('the row of it', 'select count(*) from session where token = $1', other.token);
    for (const [path, body] of [['/update-user', { name: 'x' }], ['/delete-user', {}], ['/change-email', { newEmail: 'x@example.com' }]]) {
      await post(`POST ${path} (${path === '/update-user' ? 'the row is there' : 'it is gone'})`, path, body, { cookie: other.cookie });
    }
  }),

  'a session that is a day old': withDatabase(async ({ get, post, user, sql }) => {
    const { cookie, token } = await user('ada');
    await moveSession({ sql }, token, { left: '6 days 2 minutes', age: '23 hours 59 minutes' });
    await get('is fresh a minute before', '/list-sessions', { cookie });
    await moveSession({ sql }, token, { left: '7 days', age: '1 day 1 minute' });
    await get('lists no sessions', '/list-sessions', { cookie });
    await get('lists accounts', '/list-accounts', { cookie });
    await post('deletes no user', '/delete-user', {}, { cookie });
    await post('deletes no user with an empty password', '/delete-user', { password: '' }, { cookie });
    await post('changes the user', '/update-user', { name: 'x' }, { cookie });
    await post('revokes others', '/revoke-other-sessions', {}, { cookie });
    await get('gives a JWT', '/token', { cookie });
  }),
};
