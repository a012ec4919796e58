// Listing and revoking sessions.
export default {
  'the list of sessions': async ({ get, user, signIn, prepare }) => {
    const { email, cookie } = await user('ada');
    await user('eve');
    await prepare('POST', '/sign-in/email', { json: { email, password: 'wrong' } });
    await signIn(email, { rememberMe: false });
    await get('of the user', '/list-sessions', { cookie });
    await get('with a query', '/list-sessions?limit=1', { cookie });
  },

  'revoking a session': async ({ post, get, user, signIn }) => {
    const ada = await user('ada');
    const eve = await user('eve');
    const second = await signIn(ada.email);
    const revoke = (step, token) => post(step, '/revoke-session', { token }, { cookie: ada.cookie });
    await revoke('unknown', 'unknown');
    await revoke('empty', '');
    await revoke('of somebody else', eve.token);
    await get('somebody else is still there', '/get-session', { cookie: eve.cookie });
    await revoke('another', second.token);
    await get('the other is gone', '/get-session', { cookie: second.cookie });
    await post('without an origin', '/revoke-session', { token: ada.token }, { headers: { cookie: ada.cookie } });
    await revoke('this one', ada.token);
    await get('this one is gone', '/get-session', { cookie: ada.cookie });
    await revoke('without a session', eve.token);
  },

  'a body that revoke-session refuses': async ({ post, send }) => {
    for (const body of [null, [], 'x', {}, { token: null }, { token: 5 }, { token: ['x'] }]) await post(JSON.stringify(body), '/revoke-session', body);
    await send('none', 'POST', '/revoke-session');
  },

  'revoking the other sessions': async ({ post, get, send, user, signIn }) => {
    const { email, cookie } = await user('ada');
    const second = await signIn(email);
    await post('with an empty body', '/revoke-other-sessions', {}, { cookie });
    await get('the other', '/get-session', { cookie: second.cookie });
    await get('this one', '/get-session', { cookie });
    await send('without a body', 'POST', '/revoke-other-sessions', { cookie });
    await post('with a list', '/revoke-other-sessions', [1], { cookie });
    await post('with a null', '/revoke-other-sessions', null, { cookie });
    await post('with a bad callback', '/revoke-other-sessions', { callbackURL: 'https://evil.example' }, { cookie });
  },

  'revoking every session': async ({ post, get, user, signIn }) => {
    const { email, cookie } = await user('ada');
    const second = await signIn(email);
    await post('by the second one as a bearer', '/revoke-sessions', {}, { bearer: second.token });
    await get('the first', '/get-session', { cookie });
    await get('the second', '/get-session', { cookie: second.cookie });
    await post('again', '/revoke-sessions', {}, { bearer: second.token });
  },
};
