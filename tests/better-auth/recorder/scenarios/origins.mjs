// Which pages may post, and where they may send the browser afterwards.
import { PASSWORD } from '../scenario.mjs';

const nobody = { email: 'nobody@example.com', password: PASSWORD };
const PATH = '/sign-in/email';

export default {
  'the origin of a request with a cookie': async ({ post, origin }) => {
    const from = (step, headers, cookie = 'a=b') => post(step, '/sign-out', {}, { headers: { cookie, ...headers } });
    await from('none', {});
    await from('none, and the cookie is empty', {}, '');
    await from('the own', { origin });
    await from('the own with a slash and a path', { origin: `${origin}/x/y` });
    await from('the own in capitals', { origin: origin.toUpperCase() });
    await from('null', { origin: 'null' });
    await from('null with a good referer', { origin: 'null', referer: `${origin}/page` });
    await from('null from the same origin', { origin: 'null', 'sec-fetch-site': 'same-origin' });
    await from('null from the same site', { origin: 'null', 'sec-fetch-site': 'same-site' });
    await from('a foreign one', { origin: 'https://evil.example' });
    await from('a foreign one with a good referer', { origin: 'https://evil.example', referer: `${origin}/` });
    await from('a good referer', { referer: `${origin}/page?x=1` });
    await from('a foreign referer', { referer: 'https://evil.example/' });
    await from('another port', { origin: 'http://localhost:1' });
    await from('https', { origin: origin.replace('http:', 'https:') });
    await from('the same server under another name', { origin: origin.replace('localhost', '127.0.0.1') });
    await from('the own as a user name', { origin: `${origin}@evil.example` });
    await from('the own as the beginning', { origin: `${origin}.evil.example` });
    await from('a path', { origin: '/x' });
    await from('garbage', { origin: 'garbage' });
    await from('a bearer does not excuse', { authorization: 'Bearer x' });
  },

  'the origin of a sign-in without a cookie': async ({ post, origin }) => {
    const from = (step, headers, body = nobody) => post(step, PATH, body, { headers });
    await from('none', {});
    await from('the own', { origin });
    await from('a foreign one', { origin: 'https://evil.example' });
    await from('a foreign one and a bad body', { origin: 'https://evil.example' }, {});
    await from('a foreign referer', { referer: 'https://evil.example/' });
    await from('fetch metadata alone', { 'sec-fetch-site': 'same-origin' });
    await from('fetch metadata of one kind', { 'sec-fetch-dest': 'empty' });
    await from('blank fetch metadata', { 'sec-fetch-mode': ' ' });
    await from('fetch metadata with the own', { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', origin });
    await from('a navigation from another site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', origin });
    await from('a navigation from the same site', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'navigate', origin });
    await from('a request from another site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors', origin });
    await from('a navigation from another site with a cookie', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', origin, cookie: 'a=b' });
    await from('null', { origin: 'null' });
    await from('null from the same origin', { origin: 'null', 'sec-fetch-site': 'same-origin' });
    await post('signing up from a foreign one', '/sign-up/email', { ...nobody, name: 'x' }, { origin: 'https://evil.example' });
    await post('another route from a foreign one', '/sign-out', {}, { origin: 'https://evil.example' });
    await post('another route in a navigation', '/sign-out', {}, { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' } });
  },

  'where a callback may lead': async ({ post, origin }) => {
    const targets = [
      '/', '/x', '/a b', '/a//b', '/../x', '/x?next=%2f%2fevil.example', '/x#//y', '//evil.example', '/\\evil.example', '\\evil.example', '/%2fevil.example', '/%5Cevil.example', '/x\ty', '/x\u0085y', '/é',
      'dashboard', './x', '', 'javascript:alert(1)', 'data:text/html,x', 'https://evil.example', 'http://', 'mailto:a@example.com', 'HTTP://evil.example',
    ];
    for (const target of targets) await post(JSON.stringify(target), '/sign-out', { callbackURL: target });
    await post('the own origin', '/sign-out', { callbackURL: origin });
    await post('a page of the own origin', '/sign-out', { callbackURL: `${origin}/x?y#z` });
    await post('the own origin with https', '/sign-out', { callbackURL: origin.replace('http:', 'https:') });
    await post('the own origin as a user name', '/sign-out', { callbackURL: `${origin}@evil.example` });
    await post('the own origin with a user name', '/sign-out', { callbackURL: origin.replace('//', '//user:password@') });
    await post('a blank before the own origin', '/sign-out', { callbackURL: ` ${origin}` });
  },

  'the fields that may lead somewhere': async ({ post }) => {
    const bad = 'https://evil.example';
    for (const field of ['callbackURL', 'redirectTo', 'errorCallbackURL', 'newUserCallbackURL']) {
      await post(`${field} to a foreign site`, PATH, { ...nobody, [field]: bad });
      await post(`${field} that is no text`, PATH, { ...nobody, [field]: 5 });
      await post(`${field} that is a list`, PATH, { ...nobody, [field]: ['/x'] });
      await post(`${field} that is falsy`, PATH, { ...nobody, [field]: 0 });
      await post(`${field} to the own site`, PATH, { ...nobody, [field]: '/x' });
    }
    await post('all of them, the order', PATH, { newUserCallbackURL: bad, errorCallbackURL: bad, redirectTo: bad, callbackURL: bad });
    await post('all but the first', PATH, { newUserCallbackURL: bad, errorCallbackURL: bad, redirectTo: bad });
    await post('the last two', PATH, { newUserCallbackURL: bad, errorCallbackURL: bad });
    await post('a query to a foreign site', `${PATH}?callbackURL=${encodeURIComponent(bad)}`, nobody);
    await post('a query twice', `${PATH}?callbackURL=/a&callbackURL=/b`, nobody);
    await post('a good body over a bad query', `${PATH}?callbackURL=${encodeURIComponent(bad)}`, { ...nobody, callbackURL: '/x' });
    await post('a falsy body and a bad query', `${PATH}?callbackURL=${encodeURIComponent(bad)}`, { ...nobody, callbackURL: '' });
    await post('redirectTo in the query does not count', `${PATH}?redirectTo=${encodeURIComponent(bad)}`, nobody);
    await post('before the session is asked for', '/revoke-session', { callbackURL: bad });
    await post('after the origin', '/sign-out', { callbackURL: bad }, { headers: { cookie: 'a=b' } });
  },
};
