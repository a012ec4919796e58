// GET /get-session: which cookies and bearers are believed.
import { withDatabase } from '../scenario.mjs';

const NAME = 'better-auth.session_token';

export default {
  'the session by cookie': async ({ get, user, sign }) => {
    const { cookie, value, signed, token } = await user('ada', { image: 'https://example.com/a.png' });
    const by = (step, header) => get(step, '/get-session', { cookie: header });
    await by('as it was set', cookie);
    await by('between others', `a=b; ${cookie}; c=d`);
    await by('without spaces', `a=b;${cookie};c=d`);
    await by('in quotes', `${NAME}="${value}"`);
    await by('not url-encoded', `${NAME}=${signed}`);
    await by('the first of two, the second being bad', `${cookie}; ${NAME}=x`);
    await by('the second of two, the first being bad', `${NAME}=x; ${cookie}`);
    await by('under the name for https', `__Secure-${cookie}`);
    await by('under another prefix', `other.session_token=${value}`);
    await by('in capitals', cookie.replace('better-auth', 'BETTER-AUTH'));
    await by('with session data to be cleared', `${cookie}; better-auth.session_data=x`);
    await by('marked as not to be remembered', `${cookie}; better-auth.dont_remember=${encodeURIComponent(sign('true'))}`);
    await by('marked so with a bad signature', `${cookie}; better-auth.dont_remember=true.${'A'.repeat(43)}%3D`);
    await get('with the query of the client', '/get-session?disableCookieCache=true&disableRefresh=true', { cookie });
    await get('with a query of nonsense', '/get-session?disableCookieCache=&x=%zz&disableRefresh=no&disableRefresh=1', { cookie });
    await get('of an unknown token', '/get-session', { cookie: `${NAME}=${encodeURIComponent(sign(token.split('').reverse().join('')))}` });
  },

  'a session cookie that is not believed': async ({ get, user, sign }) => {
    const { value, token, signed } = await user('ada');
    const by = (step, text) => get(step, '/get-session', { cookie: `${NAME}=${text}`, as: `GET /get-session, cookie ${step}` });
    await by('empty', '');
    await by('the token alone', token);
    await by('the token and a dot', `${token}.`);
    await by('the signature alone', signed.slice(33));
    await by('the signature of zeros', `${token}.${'A'.repeat(43)}%3D`);
    await by('the signature of another key', encodeURIComponent(sign(token, 'another secret of some length')));
    await by('another token with the signature', value.replace(token, `${token.slice(0, -1)}-`));
    await by('one character missing at the end', signed.slice(0, -1));
    await by('one more at the end', `${signed}=`);
    await by('the alphabet of URLs', signed.replace('+', '-').replace('/', '_').replace('=', ''));
    await by('encoded twice', encodeURIComponent(value));
    await by('encoded wrongly', `%zz${value}`);
    await by('a JWT', 'eyJhbGciOiJub25lIn0.e30.');
    await get('a header that is no cookie', '/get-session', { cookie: ';;=;' });
    await get('nobody', '/get-session');
    await get('nobody, with session data', '/get-session', { cookie: 'better-auth.session_data=x' });
  },

  'the session by bearer': async ({ get, user, sign, prepare }) => {
    const ada = await user('ada');
    const eve = await user('eve');
    const by = (step, authorization, options) => get(step, '/get-session', { headers: { authorization }, ...options });
    await by('the token', `Bearer ${ada.token}`);
    await by('signed', `Bearer ${ada.signed}`);
    await by('signed and url-encoded', `Bearer ${ada.value}`);
    await by('in small letters', `bearer ${ada.token}`);
    await by('in capitals', `BEARER ${ada.token}`);
    await by('with spaces around', `Bearer   ${ada.token}  `);
    await by('beside the cookie of somebody else', `Bearer ${ada.token}`, { headers: { authorization: `Bearer ${ada.token}`, cookie: eve.cookie } });
    const beside = (step, bearer) => get(step, '/get-session', { headers: { authorization: `Bearer ${bearer}`, cookie: eve.cookie }, as: `GET /get-session, bearer ${step}` });
    await beside('garbage beside a good cookie', 'garbage');
    await beside('a bad signature beside a good cookie', `${ada.token}.${'A'.repeat(43)}=`);
    await beside('signed by another key beside a good cookie', sign(ada.token, 'another secret of some length'));
    await beside('a signature without its padding beside a good cookie', ada.signed.slice(0, -1));
    const { body } = await prepare('GET', '/token', { bearer: ada.token });
    await beside('a JWT beside a good cookie', JSON.parse(body).token);
    await by('a JWT', `Bearer ${JSON.parse(body).token}`);
    for (const header of ['Bearer', 'Bearer ', `Basic ${ada.token}`, `Token ${ada.token}`, ada.token, 'Bearer garbage', 'Bearer %zz', 'Bearer a b', `Bearer ${ada.token} x`]) {
      await by(`"${header.replace(ada.token, 'TOKEN')}"`, header);
    }
  },

  'posting to get-session': async ({ post, send, user }) => {
    const { cookie } = await user('ada');
    await post('signed in', '/get-session', {}, { cookie });
    await post('nobody', '/get-session', { anything: 1 });
    await send('nobody, with text', 'POST', '/get-session', { headers: { 'content-type': 'text/plain' }, body: '{' });
    await post('from a foreign site', '/get-session', {}, { cookie, origin: 'https://evil.example' });
    await post('with a cookie and no origin', '/get-session', {}, { headers: { cookie } });
  },

  'a session whose user is gone': withDatabase(async ({ get, user, sql, rows }) => {
    const { id, token, cookie } = await user('ada');
    await sql('delete from session where token = $1', token);
    await get('the session', '/get-session', { cookie });
    await get('the token', '/token', { cookie });
    await sql('delete from "user" where id = $1', id);
    await get('the session without a user', '/get-session', { cookie });
    await rows('nothing is left', 'select count(*) from account where "userId" = $1', id);
  }),
};
