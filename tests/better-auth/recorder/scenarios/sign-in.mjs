// POST /sign-in/email and /sign-out.
import { PASSWORD, withDatabase } from '../scenario.mjs';

const PATH = '/sign-in/email';
const nobody = { email: 'nobody@example.com', password: PASSWORD };

export default {
  'signing in': async ({ post, send, user, sign }) => {
    const { email, cookie } = await user('ada');
    const own = { email, password: PASSWORD };
    await post('with the least', PATH, { ...own, email: email.toUpperCase() });
    await post('while signed in', PATH, own, { cookie });
    await post('not to be remembered', PATH, { ...own, rememberMe: false });
    await post('to be remembered after not having been', PATH, own, { cookie: `better-auth.dont_remember=${encodeURIComponent(sign('true'))}` });
    await post('with a callback', PATH, { ...own, callbackURL: '/dashboard?x=1#top' });
    await post('with a callback of the own origin, a space and an umlaut', PATH, { ...own, callbackURL: '/a b/ü' });
    await post('with an empty callback', PATH, { ...own, callbackURL: '' });
    await post('with a callback in the query', `${PATH}?callbackURL=/query`, own);
    await send('by a form', 'POST', PATH, { form: `email=${encodeURIComponent(email)}&password=${encodeURIComponent(PASSWORD)}&callbackURL=%2Fform` });
  },

  'a sign-in that is refused': async ({ post, user }) => {
    const { email } = await user('ada');
    await post('wrong password', PATH, { email, password: 'wrong password' });
    await post('empty password', PATH, { email, password: '' });
    await post('short password', PATH, { email, password: 'short' });
    await post('long password', PATH, { email, password: 'p'.repeat(129) });
    await post('unknown address', PATH, nobody);
    for (const address of ['', 'ada', 'ada@localhost', ' ada@example.com']) await post(`address "${address}"`, PATH, { ...nobody, email: address });
    await post('no address, long password', PATH, { email: 'ada', password: 'p'.repeat(129) });
  },

  'a body that sign-in refuses': async ({ post, send }) => {
    for (const body of [null, [], 'text', 5, true, {}]) await post(`is ${JSON.stringify(body)}`, PATH, body);
    await post('has nulls', PATH, { email: null, password: null, callbackURL: null, rememberMe: null });
    await post('has other types', PATH, { password: 5, email: true, callbackURL: 0, rememberMe: 1 });
    await send('is absent', 'POST', PATH);
    await send('is no JSON', 'POST', PATH, { headers: { 'content-type': 'application/json' }, body: 'email' });
    await send('is text', 'POST', PATH, { headers: { 'content-type': 'text/plain' }, body: '{}' });
    await send('is an empty form', 'POST', PATH, { form: '' });
    await send('is a form of something else', 'POST', PATH, { form: 'a=b&&=&c' });
  },

  'signing out': async ({ post, send, get, user, signIn }) => {
    const { email, cookie } = await user('ada');
    const second = await signIn(email);
    await post('without an origin', '/sign-out', {}, { headers: { cookie } });
    await post('by cookie', '/sign-out', {}, { cookie });
    await get('the session is gone', '/get-session', { cookie });
    await post('again', '/sign-out', {}, { cookie });
    await get('the other session is there', '/get-session', { cookie: second.cookie });
    await send('by bearer, without a body', 'POST', '/sign-out', { bearer: second.token });
    await get('the other session is gone', '/get-session', { cookie: second.cookie });
    await post('nobody', '/sign-out', {});
    await send('nobody, without a body', 'POST', '/sign-out');
    await post('with a null', '/sign-out', null);
    await post('with fields of other types', '/sign-out', { callbackURL: 0, disableRedirect: 'x', state: 5 });
    await post('with a callback to a foreign site', '/sign-out', { callbackURL: 'https://evil.example' });
    await post('with a callback', '/sign-out', { callbackURL: '/bye' });
    await send('by a form', 'POST', '/sign-out', { form: 'a=b' });
    await post('with cached session data in pieces', '/sign-out', {}, { cookie: 'better-auth.session_data=x; better-auth.session_data.0=y; better-auth.session_data.1=z' });
  },

  'signing out of an expired session': withDatabase(async ({ post, user, sql, rows }) => {
    const { token, cookie } = await user('ada');
    await sql('update session set "expiresAt" = now() - interval \'1 second\' where token = $1', token);
    await post('by cookie', '/sign-out', {}, { cookie });
    await rows('the row is gone', 'select count(*) from session where token = $1', token);
  }),
};
