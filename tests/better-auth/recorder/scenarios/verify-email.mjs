// POST /send-verification-email and GET /verify-email as far as it verifies the present address.
import { withDatabase } from '../scenario.mjs';

const seconds = (offset = 0) => Math.floor(Date.now() / 1000) + offset;
const tokenOf = (link) => new URL(link).searchParams.get('token');

export default {
  'asking for the verification mail': async ({ post, mail, user }) => {
    const ada = await user('ada');
    const eve = await user('eve');
    const ask = (step, body, options) => post(step, '/send-verification-email', body, options);
    const { cookie, email } = ada;
    const cases = {
      'without a session': ['', { email: email.toUpperCase() }],
      'with one': ['', { email: email.toUpperCase(), callbackURL: '/done?x=1#y' }, { cookie }],
      'with an empty callback': ['', { email, callbackURL: '' }, { cookie }],
      'with a callback in the query': ['?callbackURL=/query', { email }, { cookie }],
    };
    for (const [i, [step, [query, body, options]]] of Object.entries(cases).entries()) {
      await post(step, `/send-verification-email${query}`, body, options);
      await mail(`${step}: the mail`, email, i + 1);
    }
    await ask('for somebody else', { email: eve.email }, { cookie });
    await ask('for somebody else, by bearer', { email: eve.email }, { bearer: ada.token });
    await ask('for nobody', { email: 'nobody@example.com' }, { cookie });
    await ask('for nobody, without a session', { email: 'nobody@example.com' });
    await ask('for nobody, with garbage as a bearer', { email: 'nobody@example.com' }, { bearer: 'garbage' });
    await ask('without an origin', { email }, { headers: { cookie } });
    await mail('nothing was sent to somebody else', eve.email, 0);
  },

  'a body that send-verification-email refuses': async ({ post, send }) => {
    const bad = [null, [], {}, { email: null }, { email: '' }, { email: 'ada' }, { email: 5, callbackURL: 0 }, { email: 'ada', callbackURL: null }, { email: 'ada', callbackURL: 5 }, { email: 'nobody@example.com', callbackURL: 'https://evil.example' }];
    for (const body of bad) await post(JSON.stringify(body), '/send-verification-email', body);
    await send('no body', 'POST', '/send-verification-email');
  },

  'verifying the address': async ({ post, get, mail, user }) => {
    const ada = await user('ada');
    const eve = await user('eve');
    await post('asking', '/send-verification-email', { email: ada.email }, { cookie: ada.cookie });
    const token = tokenOf(await mail('the mail', ada.email));
    const open = (step, callback = '', options = {}) => get(step, `/verify-email?token=${token}${callback}`, options);
    await open('with a foreign callback', '&callbackURL=https://evil.example');
    await get('the user before', '/get-session', { cookie: ada.cookie });
    await open('by somebody else', '', { cookie: eve.cookie });
    await get('the user after', '/get-session', { cookie: ada.cookie });
    await open('again', '', { cookie: ada.cookie });
    await open('again, with a callback', '&callbackURL=/x%3Fa=b%20c');
    await open('again, with an empty callback', '&callbackURL=');
    await post('asking again', '/send-verification-email', { email: ada.email }, { cookie: ada.cookie });
    await post('asking again without a session', '/send-verification-email', { email: ada.email });
    await mail('nothing more was sent', ada.email);
  },

  'where a bad verification leads': async ({ get, send, origin }) => {
    const targets = ['/x', '/x?a=1', '/x?a=1&', '/x?', '/x#f', '/x?a=b%20c+d&e=ä#f g', '/a/../b', origin, `${origin}/x?y#z`, '/ä b', "/x'(!)*~", '/x?error=old', '/x?a=%zz', '/', '', 'x', '//evil.example', 'https://evil.example'];
    for (const target of targets) await get(`"${target.replace(origin, 'ORIGIN')}"`, `/verify-email?token=nope&callbackURL=${encodeURIComponent(target)}`);
    for (const query of ['', '?token=', '?token=nope', '?callbackURL=/x', '?callbackURL=https://evil.example', '?token=a&token=b', '?token=a&callbackURL=/a&callbackURL=/b', '?token=a&token=b&callbackURL=/a&callbackURL=/b']) await get(`query "${query}"`, `/verify-email${query}`);
    await send('asking for the head only', 'HEAD', '/verify-email?token=nope');
  },

  'a token that is not believed': async ({ get, user, signJwt }) => {
    const { id, email, cookie } = await user('ada');
    const good = { email, userId: id, iat: seconds(), exp: seconds(3600) };
    const tokens = {
      expired: signJwt({ ...good, exp: seconds(-1) }),
      'of another key': signJwt(good, { key: 'another secret of some length' }),
      unsigned: signJwt(good, { header: { alg: 'none' } }),
      'of another algorithm': signJwt(good, { header: { alg: 'HS512' } }),
      'with a critical extension': signJwt(good, { header: { alg: 'HS256', crit: ['x'], x: 1 } }),
      'not yet good': signJwt({ ...good, nbf: seconds(600) }),
      'with an expiry in letters': signJwt({ ...good, exp: '2000000000' }),
      'that is a list': signJwt([1]),
      'that is no JSON': signJwt('x'),
      'of four parts': `${signJwt(good)}.x`,
      'after a blank': ` ${signJwt(good)}`,
      'of somebody else': signJwt({ ...good, userId: 'x' }),
      'of nobody': signJwt({ ...good, email: 'nobody@example.com' }),
      'of nobody, with another type': signJwt({ email: 'NOBODY@example.com' }, { header: { alg: 'HS256', typ: 'x' } }),
    };
    for (const [step, token] of Object.entries(tokens)) {
      await get(step, `/verify-email?token=${encodeURIComponent(token)}`);
      await get(`${step}, with a callback`, `/verify-email?callbackURL=/x&token=${encodeURIComponent(token)}`);
    }
    await get('the user is as before', '/get-session', { cookie });
  },

  'a token with claims of other types': async ({ get, user, signJwt }) => {
    const { email } = await user('ada');
    for (const claims of [{}, { email: 5 }, { email: 'ada' }, { email, updateTo: 5 }, { email, updateTo: null }, { email, requestType: 5 }, { email, userId: 5 }]) {
      await get(JSON.stringify(claims).replace(email, 'ADA'), `/verify-email?token=${signJwt(claims)}`);
    }
  },

  'a token that is believed': async ({ get, user, signJwt }) => {
    const variants = {
      'without an expiry or a user': (email) => [{ email }],
      'in capitals': (email) => [{ email: email.toUpperCase() }],
      'with an empty new address': (email, id) => [{ email, updateTo: '', userId: id }],
      'with a request type': (email) => [{ email, requestType: 'change-email-verification' }],
      'from the future': (email) => [{ email, iat: seconds(600), exp: seconds(700.5) }],
      'with another type': (email) => [{ email }, { header: { alg: 'HS256', typ: 'JWT' } }],
    };
    for (const [i, [step, make]] of Object.entries(variants).entries()) {
      const { id, email, cookie } = await user(`user-${i}`);
      await get(step, `/verify-email?token=${signJwt(...make(email, id))}`, { cookie });
      await get(`${step}, the user after`, '/get-session', { cookie });
    }
  },

  'what verifying touches': withDatabase(async ({ get, user, signJwt, sql, rows }) => {
    const { id, email } = await user('ada');
    const past = () => sql('update "user" set "updatedAt" = now() - interval \'1 hour\' where id = $1', id);
    const touched = (step) => rows(step, 'select "emailVerified", "updatedAt" from "user" where id = $1', id);
    await past();
    await get('the first time', `/verify-email?token=${signJwt({ email })}`);
    await touched('after it');
    await past();
    await get('the second time', `/verify-email?token=${signJwt({ email })}`);
    await touched('after that');
  }),
};
