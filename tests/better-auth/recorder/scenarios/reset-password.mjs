// POST /request-password-reset, GET /reset-password/:token, POST /reset-password.
import { PASSWORD, withDatabase } from '../scenario.mjs';

const NEW = 'another long password';
const tokenOf = (link) => new URL(link).pathname.split('/').pop();

export default {
  'asking for a reset': async ({ post, mail, user }) => {
    const { email, cookie } = await user('ada');
    const cases = {
      'with a page': [{ email, redirectTo: '/reset?x=1&y=ä#f' }],
      'without one': [{ email }],
      'with an empty one': [{ email, redirectTo: '' }],
      'with one of characters that need no encoding': [{ email, redirectTo: "/r!~*'()a b?q=%20+" }],
      'while signed in': [{ email, redirectTo: '/reset' }, { cookie }],
      'with garbage as a bearer': [{ email, redirectTo: '/reset' }, { bearer: 'garbage' }],
      'in capitals, with a callback': [{ email: email.toUpperCase(), callbackURL: '/x' }],
    };
    for (const [i, [step, [body, options]]] of Object.entries(cases).entries()) {
      await post(step, '/request-password-reset', body, options);
      await mail(`${step}: the mail`, email, i + 1);
    }
  },

  'asking for a reset of nobody': async ({ post, send, mail }) => {
    const nobody = 'nobody@example.com';
    const ask = (step, body, options) => post(step, '/request-password-reset', body, options);
    await ask('is answered alike', { email: nobody, redirectTo: '/reset' });
    await ask('from a foreign site without a cookie', { email: nobody }, { origin: 'https://evil.example' });
    await ask('with a cookie and no origin', { email: nobody }, { headers: { cookie: 'a=b' } });
    const bad = [null, [], 'x', 5, true, {}, { email: null }, { email: 5 }, { email: '' }, { email: 'ada' }, { email: 'ada@localhost' }, { redirectTo: 5 }, { email: nobody, redirectTo: null }, { email: nobody, redirectTo: 0 },
      { email: 'x', redirectTo: 5 }, { email: nobody, redirectTo: 'https://evil.example' }, { email: nobody, redirectTo: '//evil.example' }, { email: nobody, errorCallbackURL: 'https://evil.example' }];
    for (const body of bad) await ask(JSON.stringify(body), body);
    await send('no body', 'POST', '/request-password-reset');
    await send('a form', 'POST', '/request-password-reset', { form: `email=${nobody}` });
    await mail('nothing was sent', nobody, 0);
  },

  'a reset is kept for an hour': withDatabase(async ({ post, mail, user, rows }) => {
    const { id, email } = await user('ada');
    for (const [i, step] of ['the first', 'the second'].entries()) {
      await post(step, '/request-password-reset', { email });
      await mail(`${step}: the mail`, email, i + 1);
    }
    await rows('the rows', 'select identifier, value, "expiresAt", "createdAt", "createdAt" = "updatedAt" as untouched, id from verification where value = $1 order by "createdAt"', id);
  }),

  'following the link of a reset': async ({ get, send, post, mail, user, origin }) => {
    const { email, cookie } = await user('ada');
    await post('asking', '/request-password-reset', { email });
    const token = tokenOf(await mail('the mail', email));
    const targets = ['/r', '/r?x=1&token=old#frag', '/r?error=old&b=1', `${origin}/r?a=b`, origin, '/a b', '/a/../b', "/ä b'(!)*~?q=ä b&r=a%20b+c&d", '/r?', '/#', 'https://evil.example', 'r', '//evil.example', '/%2fevil.example', ''];
    for (const target of targets) {
      await get(`to "${target.replace(origin, 'ORIGIN')}"`, `/reset-password/${token}?callbackURL=${encodeURIComponent(target)}`);
      await get(`to "${target.replace(origin, 'ORIGIN')}" without a good token`, `/reset-password/nope?callbackURL=${encodeURIComponent(target)}`);
    }
    await get('to nowhere', `/reset-password/${token}`);
    await get('to two places', `/reset-password/${token}?callbackURL=/a&callbackURL=/b`);
    await get('signed in', `/reset-password/${token}?callbackURL=/r`, { cookie });
    await get('with the token encoded', `/reset-password/%${token.charCodeAt(0).toString(16)}${token.slice(1)}?callbackURL=/r`, { as: 'GET /reset-password/<token, its first letter encoded>?callbackURL=/r' });
    for (const path of ['/reset-password/?callbackURL=/r', '/reset-password/a/?callbackURL=/r', '/reset-password/a/b?callbackURL=/r', '/reset-password/%zz?callbackURL=/r', '/reset-password/a%2fb?callbackURL=/r']) await get(path, path);
    await send('asking for the head only', 'HEAD', `/reset-password/${token}?callbackURL=/r`);
    await post('it is still good', '/reset-password', { newPassword: NEW, token });
  },

  'resetting the password': async ({ post, get, mail, user, signIn }) => {
    const { email, cookie } = await user('ada');
    const second = await signIn(email);
    await post('asking', '/request-password-reset', { email });
    await mail('the first mail', email);
    await post('asking again', '/request-password-reset', { email });
    const token = tokenOf(await mail('the second mail', email, 2));
    const reset = (step, body, query = '', options = {}) => post(step, `/reset-password${query}`, body, options);
    await reset('too short', { newPassword: 'short', token });
    await reset('too long', { newPassword: 'p'.repeat(129), token });
    await reset('a bad token over a good one in the query', { newPassword: NEW, token: 'nope' }, `?token=${token}`);
    await reset('with the token in the query, by one who is signed in', { newPassword: NEW }, `?token=${token}`, { cookie });
    await reset('again', { newPassword: PASSWORD, token });
    await get('the session', '/get-session', { cookie });
    await get('the other session', '/get-session', { cookie: second.cookie });
    await get('the link', `/reset-password/${token}?callbackURL=/r`);
    await post('the old password', '/sign-in/email', { email, password: PASSWORD });
    await post('the new password', '/sign-in/email', { email, password: NEW });
  },

  'a reset that is refused': async ({ post, send }) => {
    const bad = [null, [], 'x', {}, { newPassword: null, token: null }, { newPassword: 5, token: 5 }, { newPassword: NEW }, { newPassword: NEW, token: '' }, { newPassword: 'short' }, { newPassword: 'short', token: 'nope' },
      { newPassword: '', token: 'nope' }, { newPassword: NEW, token: 'nope' }, { newPassword: NEW, token: 'nope', callbackURL: 'https://evil.example' }];
    for (const body of bad) await post(JSON.stringify(body), '/reset-password', body);
    await send('no body', 'POST', '/reset-password');
    await post('a bad token in the query', '/reset-password?token=nope', { newPassword: NEW });
    await post('two tokens in the query', '/reset-password?token=a&token=b', { newPassword: NEW });
    await post('two tokens in the query and a bad body', '/reset-password?token=a&token=b', {});
    await post('with a cookie and no origin', '/reset-password', { newPassword: NEW, token: 'x' }, { headers: { cookie: 'a=b' } });
  },

  'a reset that time or chance has overtaken': withDatabase(async ({ post, get, user, sql, rows }) => {
    const { id, email } = await user('ada');
    const insert = (token, value, left) => sql('insert into verification values ($1, $2, $3, now() + $4::interval, now(), now())', `${id}${token}`, `reset-password:${token}`, value, left);
    const token = (name) => `${name}-${id}`;
    await insert(token('expired'), id, '-1 second');
    await get('the link of an expired one', `/reset-password/${token('expired')}?callbackURL=/r`);
    await post('an expired one', '/reset-password', { newPassword: NEW, token: token('expired') });
    await insert(token('ghost'), 'nobody', '1 hour');
    await get('the link of one whose user is gone', `/reset-password/${token('ghost')}?callbackURL=/r`);
    await post('one whose user is gone', '/reset-password', { newPassword: NEW, token: token('ghost') });
    await rows('it is left', 'select value from verification where identifier = $1', `reset-password:${token('ghost')}`);
    await sql('delete from account where "userId" = $1', id);
    await post('asking without an account', '/request-password-reset', { email });
    await insert(token('fresh'), id, '1 hour');
    await post('one of a user without an account', '/reset-password', { newPassword: NEW, token: token('fresh') });
    await rows('the account that it made', 'select "accountId", "providerId", "userId", "createdAt", "updatedAt", length(password) from account where "userId" = $1', id);
    await post('signing in with it', '/sign-in/email', { email, password: NEW });
  }),
};
