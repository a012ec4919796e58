// Against a server whose limits are on. Every scenario has clients of its own: addresses that others do not use.
const from = (address) => ({ headers: { 'x-forwarded-for': address } });

export default {
  'three in ten seconds': async ({ burst }) => {
    const paths = [['POST', '/sign-in/email'], ['POST', '/sign-in/nonsense'], ['POST', '/sign-inx'], ['POST', '/sign-up/email'], ['POST', '/change-password'], ['POST', '/change-password/x'], ['POST', '/change-email'],
      ['GET', '/change-emails'], ['POST', '/sign-in//email'], ['POST', '/sign-in%2femail']];
    for (const [method, path] of paths) await burst(`${method} ${path}`, 5, method, path, from('192.0.2.1'));
  },

  'three in a minute': async ({ burst }) => {
    for (const path of ['/request-password-reset', '/send-verification-email', '/forget-password', '/forget-password/x']) await burst(path, 5, 'POST', path, from('192.0.2.2'));
  },

  'a hundred in ten seconds': async ({ burst, send }) => {
    for (const path of ['/get-session', '/ok', '/jwks', '/nope', '/reset-password/a?callbackURL=/x', '/token', '/verify-email']) await burst(path, 102, 'GET', path, from('192.0.2.3'));
    for (const path of ['/reset-password', '/delete-user', '/request-password-reset/x', '/SIGN-IN/email']) await burst(path, 102, 'POST', path, from('192.0.2.3'));
    await send('another token of a reset', 'GET', '/reset-password/b?callbackURL=/x', from('192.0.2.3'));
    await burst('the mount itself', 101, 'GET', '', from('192.0.2.3'));
    await send('the mount itself with a slash', 'GET', '/', from('192.0.2.3'));
  },

  'what is the same path': async ({ burst, send }) => {
    const client = from('192.0.2.4');
    await burst('used up', 4, 'POST', '/sign-in/email', client);
    await send('by yet another method', 'OPTIONS', '/sign-in/email', client);
    await send('with a query', 'POST', '/sign-in/email?x=1', client);
    await send('with a slash at the end', 'POST', '/sign-in/email/', client);
    await send('with slashes at the end', 'POST', '/sign-in/email//', client);
    await send('by another method', 'GET', '/sign-in/email', client);
    await send('in another case', 'POST', '/sign-in/EMAIL', client);
    await send('another path', 'POST', '/sign-up/email', client);
  },

  'who is the same client': async ({ burst, send }) => {
    const same = [['192.0.2.50, 127.0.0.1', '192.0.2.50'], ['198.51.100.1, 192.0.2.51', '192.0.2.51, ::1'], ['2001:db8:0:1::1', '2001:DB8:0:1:ffff::2'], ['::ffff:192.0.2.52', '192.0.2.52'], ['garbage', '127.0.0.9'], ['192.0.2.53:80', '']];
    for (const [first, second] of same) {
      await burst(`"${first}"`, 4, 'POST', `/sign-in/${encodeURIComponent(first)}`, from(first));
      await send(`"${second}" after "${first}"`, 'POST', `/sign-in/${encodeURIComponent(first)}`, from(second));
    }
    await send('another network', 'POST', `/sign-in/${encodeURIComponent('2001:db8:0:1::1')}`, from('2001:db8:0:2::1'));
  },

  'a limit comes before everything else': async ({ burst }) => {
    const client = from('192.0.2.5').headers;
    await burst('a body that is refused', 4, 'POST', '/sign-in/email', { body: 'x', headers: { ...client, 'content-type': 'text/plain' } });
    await burst('a foreign origin', 4, 'POST', '/sign-up/email', { json: {}, headers: { ...client, cookie: 'a=b', origin: 'https://evil.example' } });
  },

  'the window begins with the last request that was let in': async ({ prepare, send }) => {
    const post = () => prepare('POST', '/sign-in/email', from('192.0.2.6'));
    const retryAfter = ({ headers }) => headers.find(([name]) => name === 'x-retry-after')?.[1];
    await post();
    await new Promise((resolve) => { setTimeout(resolve, 1_100); });
    await post();
    await post();
    await send('refused right after the last', 'POST', '/sign-in/email', from('192.0.2.6'));
    // Refused requests do not begin it anew: the wait gets shorter although we go on asking.
    let waits = retryAfter(await post());
    while (waits === '10') waits = retryAfter(await post());
    await send('refused a second later', 'POST', '/sign-in/email', from('192.0.2.6'));
  },
};
