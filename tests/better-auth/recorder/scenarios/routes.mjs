// Which methods and paths there are, and what is answered where there is none.
const ROUTES = [
  ['POST', '/sign-up/email'], ['POST', '/sign-in/email'], ['POST', '/sign-out'], ['GET', '/get-session'], ['GET', '/token'], ['GET', '/jwks'], ['GET', '/ok'],
  ['GET', '/list-sessions'], ['POST', '/revoke-session'], ['POST', '/revoke-sessions'], ['POST', '/revoke-other-sessions'], ['POST', '/change-password'],
  ['POST', '/update-user'], ['POST', '/request-password-reset'], ['POST', '/reset-password'], ['POST', '/send-verification-email'], ['GET', '/verify-email'],
  ['POST', '/change-email'], ['POST', '/delete-user'], ['GET', '/delete-user/callback'], ['GET', '/list-accounts'], ['GET', '/error'], ['GET', '/reset-password/a'],
];

export default {
  'a method that a route has not': async ({ send }) => {
    for (const [method, path] of ROUTES) {
      const other = method === 'GET' ? 'POST' : 'GET';
      if (path !== '/get-session') await send(`${other} ${path}`, other, path, other === 'POST' ? { json: {} } : {});
    }
    for (const method of ['HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE']) {
      for (const path of ['/ok', '/get-session', '/sign-in/email']) await send(`${method} ${path}`, method, path);
    }
    await send('a preflight', 'OPTIONS', '/sign-in/email', { headers: { origin: 'https://app.example', 'access-control-request-method': 'POST' } });
  },

  'a path that is none': async ({ get, send }) => {
    const paths = ['', '/', '/ok/', '//ok', '/OK', '/o%6b', '/ok%2f', '/ok//', '/nope', '/sign-in', '/sign-in/', '/sign-in/email/', '/get-session/x', '/.well-known/jwks.json', '/forget-password', '/sign-in/social/x'];
    for (const path of paths) await get(`GET "${path}"`, path);
    await send('POST with a bad origin and a bad type', 'POST', '/nope', { headers: { 'content-type': 'text/x', cookie: 'a=b', origin: 'https://evil.example' }, body: 'x' });
  },

  'routes without a session': async ({ get, post, send }) => {
    await get('/ok', '/ok');
    await get('/ok with a query', '/ok?x=%zz');
    for (const path of ['/token', '/list-sessions', '/list-accounts']) await get(path, path);
    await post('/revoke-session', '/revoke-session', { token: 'x' });
    for (const path of ['/revoke-sessions', '/revoke-other-sessions']) {
      await post(path, path, {});
      await send(`${path} without a body`, 'POST', path);
      await send(`${path} by a form`, 'POST', path, { form: 'a=b' });
    }
    await post('/change-password', '/change-password', { newPassword: '12345678', currentPassword: 'x' });
    await post('/update-user', '/update-user', { name: 'x' });
    await post('/update-user with an address', '/update-user', { email: 'x' });
  },
};
