// POST /delete-user and GET /delete-user/callback.
import { PASSWORD, withDatabase } from '../scenario.mjs';

const insertToken = ({ sql }, token, userId, left) => sql('insert into verification values ($1, $2, $3, now() + $4::interval, now(), now())', `row of ${token}`, `delete-account-${token}`, userId, left);

export default {
  'deleting the user': async ({ post, get, user, signIn }) => {
    const { email, cookie } = await user('ada');
    const second = await signIn(email);
    const remove = (step, body, options = { cookie }) => post(step, '/delete-user', body, options);
    await remove('a wrong password', { password: 'wrong password' });
    await remove('a long password', { password: 'p'.repeat(129) });
    await remove('a bad token', { token: 'nope' });
    await remove('a wrong password and a bad token', { password: 'wrong password', token: 'nope' });
    await remove('the password and a bad token', { password: PASSWORD, token: 'nope' });
    await remove('with a foreign callback', { password: PASSWORD, callbackURL: 'https://evil.example' });
    await remove('without an origin', { password: PASSWORD }, { headers: { cookie } });
    await remove('from a foreign site', { password: PASSWORD }, { cookie, origin: 'https://evil.example' });
    await remove('with the password and a callback', { password: PASSWORD, callbackURL: '/bye' });
    await remove('again', {});
    await get('the session', '/get-session', { cookie });
    await get('the other session', '/get-session', { cookie: second.cookie });
    await post('signing in', '/sign-in/email', { email, password: PASSWORD });
    await post('signing up again', '/sign-up/email', { name: 'x', email, password: PASSWORD });
  },

  'deleting the user without a password': async ({ post, user }) => {
    const by = async (step, name, options, body = {}) => post(step, '/delete-user', body, options(await user(name)));
    await by('in a fresh session', 'a', ({ cookie }) => ({ cookie }));
    await by('by bearer', 'b', ({ token }) => ({ bearer: token }));
    await by('with an empty password and an empty token', 'c', ({ cookie }) => ({ cookie }), { password: '', token: '' });
    await by('with cached session data in pieces', 'd', ({ cookie }) => ({ cookie: `${cookie}; better-auth.session_data=x; better-auth.session_data.0=y` }));
  },

  'a body that delete-user refuses': async ({ post, send, user }) => {
    const { cookie } = await user('ada');
    for (const body of [null, [], 'x', { callbackURL: null, password: null, token: null }, { token: 5, password: 5, callbackURL: 0 }, { callbackURL: 5 }]) await post(JSON.stringify(body), '/delete-user', body, { cookie });
    await send('no body', 'POST', '/delete-user', { cookie });
    await send('a form', 'POST', '/delete-user', { cookie, form: 'password=x' });
    await post('nobody', '/delete-user', {});
    await post('nobody, with a bad body', '/delete-user', { password: 5 });
  },

  'what deleting leaves': withDatabase(async ({ post, user, signIn, rows }) => {
    const ada = await user('ada');
    const eve = await user('eve');
    await signIn(ada.email);
    await post('deleting', '/delete-user', {}, { cookie: ada.cookie });
    for (const [name, { id }] of Object.entries({ ada, eve })) {
      await rows(`of ${name}`, 'select (select count(*) from "user" where id = $1) as users, (select count(*) from session where "userId" = $1) as sessions, (select count(*) from account where "userId" = $1) as accounts', id);
    }
  }),

  'deleting the user with a token': withDatabase(async ({ post, user, sql, rows }) => {
    const ada = await user('ada');
    const eve = await user('eve');
    const tokens = { good: [ada.id, '1 day'], expired: [ada.id, '-1 second'], foreign: [eve.id, '1 day'], spared: [ada.id, '1 day'] };
    for (const [name, [id, left]] of Object.entries(tokens)) await insertToken({ sql }, `${name}-${ada.id}`, id, left);
    const remove = (step, name, body = {}) => post(step, '/delete-user', { token: `${name}-${ada.id}`, ...body }, { cookie: ada.cookie });
    await remove('that has expired', 'expired');
    await remove('of somebody else', 'foreign');
    await remove('and a wrong password', 'spared', { password: 'wrong password' });
    await rows('the tokens that are left', 'select identifier from verification where identifier like $1 order by 1', `delete-account-%${ada.id}`);
    await sql('update session set "createdAt" = now() - interval \'3 days\' where token = $1', ada.token);
    await remove('in an old session', 'good');
    await rows('the users that are left', 'select id from "user" where id = any($1)', [ada.id, eve.id]);
  }),

  'deleting the user without an account': withDatabase(async ({ post, user, sql }) => {
    const { id, cookie } = await user('ada');
    await sql('update account set password = null where "userId" = $1', id);
    await post('that has a password', '/delete-user', { password: PASSWORD }, { cookie });
    await sql('delete from account where "userId" = $1', id);
    await post('with a password', '/delete-user', { password: PASSWORD }, { cookie });
    await post('without a password', '/delete-user', {}, { cookie });
  }),

  'following the link that deletes the user': withDatabase(async ({ get, user, sql, rows }) => {
    const ada = await user('ada');
    const eve = await user('eve');
    const follow = (step, token, callback = '', options = { cookie: ada.cookie }) => get(step, `/delete-user/callback?token=${token}${callback}`, options);
    const insert = async (name, id, left = '1 day') => { await insertToken({ sql }, `${name}-${ada.id}`, id, left); return `${name}-${ada.id}`; };
    await get('without a token', '/delete-user/callback', { cookie: ada.cookie });
    await follow('with two tokens', 'a&token=b');
    await follow('with two callbacks', 'a', '&callbackURL=/a&callbackURL=/b');
    await follow('with an empty token', '');
    await follow('with a bad one', 'nope', '&callbackURL=/x');
    await follow('with a foreign callback', 'nope', '&callbackURL=https://evil.example');
    await follow('with nobody signed in', 'nope', '&callbackURL=/x', {});
    await follow('with one of somebody else', await insert('foreign', eve.id));
    await follow('with one that has expired', await insert('expired', ada.id, '-1 second'));
    await rows('the tokens that are left', 'select count(*) from verification where identifier like $1', `delete-account-%${ada.id}`);
    await sql('update session set "createdAt" = now() - interval \'3 days\', "expiresAt" = now() + interval \'5 days\' where token = $1', ada.token);
    await follow('with a bad one in a session that slides', 'nope');
    await sql('update session set "expiresAt" = now() + interval \'5 days\' where token = $1', ada.token);
    await follow('with a good one', await insert('good', ada.id), '&callbackURL=');
    await follow('with a good one of a session that is gone', await insert('late', ada.id));
    await follow('with a good one and a callback', await insert('eve', eve.id), '&callbackURL=/bye%3Fx=1', { bearer: eve.token });
    await rows('the users that are left', 'select id from "user" where id = any($1)', [ada.id, eve.id]);
  }),
};
