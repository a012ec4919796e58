// Against a server whose limits are on. Every scenario has clients of its own: addresses that others do not use.
const from = (address) => ({ headers: { 'x-forwarded-for': address } });

export default {
  'three in ten seconds': async ({ burst }) => {
    const paths = [['POST', '/sign-in/email'], ['POST', '/sign-in/nonsense'], ['POST', '/sign-inx'], ['POST', '/sign-up/email'], ['POST', '/change-password'], ['POST', '/change-password/x'], ['POST', '/change-email'],
      ['GET', '/change-emails'], ['POST', '/sign-in//email'], ['POST', '/sign-in%2femail']];
    for (const [i, [method, path]] of paths.entries()) await burst(`${method} ${path}`, 5, method, path, from(`198.51.100.${i}`));
  },

  'three in a minute': async ({ burst }) => {
    const paths = ['/request-password-reset', '/send-verification-email', '/forget-password', '/forget-password/x'];
    for (const [i, path] of paths.entries()) await burst(path, 5, 'POST', path, from(`198.51.100.${20 + i}`));
  },

  'a hundred in ten seconds': async ({ burst }) => {
    const paths = [['GET', '/get-session'], ['GET', '/ok'], ['GET', '/jwks'], ['GET', '/nope'], ['GET', '/reset-password/a?callbackURL=/x'], ['GET', '/token'], ['GET', '/verify-email'], ['POST', '/reset-password'],
      ['POST', '/delete-user'], ['POST', '/request-password-reset/x'], ['POST', '/SIGN-IN/email'], ['GET', '']];
    for (const [i, [method, path]] of paths.entries()) await burst(`${method} ${path}`, 102, method, path, from(`198.51.100.${40 + i}`));
  },

  'each path has a limit of its own': async ({ burst, send }) => {
    const client = from('192.0.2.1');
    await burst('a path that is used up', 4, 'POST', '/sign-in/email', client);
    await send('another path', 'POST', '/sign-up/email', client);
    await send('a path below the same', 'POST', '/sign-in/nonsense', client);
    await burst('a path that is none is used up', 4, 'POST', '/sign-inx', client);
    await send('another that is none', 'POST', '/sign-iny', client);
    await burst('a token of a reset is used up', 101, 'GET', '/reset-password/a?callbackURL=/x', client);
    await send('another token of a reset', 'GET', '/reset-password/b?callbackURL=/x', client);
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
  },

  'who is the same client': async ({ burst, send }) => {
    const same = [['192.0.2.50, 127.0.0.1', '192.0.2.50'], ['198.51.100.1, 192.0.2.51', '192.0.2.51, ::1'], ['2001:db8:0:1::1', '2001:DB8:0:1:ffff::2'], ['::ffff:192.0.2.52', '192.0.2.52']];
    for (const [first, second] of same) {
      await burst(`"${first}"`, 4, 'POST', '/change-email', from(first));
      await send(`"${second}" after "${first}"`, 'POST', '/change-email', from(second));
    }
    await send('another network', 'POST', '/change-email', from('2001:db8:0:2::1'));
    // Neither says who it is: both are whoever has connected.
    await burst('"garbage"', 4, 'POST', '/sign-up/email', from('garbage'));
    await send('"127.0.0.9" after "garbage"', 'POST', '/sign-up/email', from('127.0.0.9'));
    await send('"192.0.2.53:80" after "garbage"', 'POST', '/sign-up/email', from('192.0.2.53:80'));
    await send('nothing after "garbage"', 'POST', '/sign-up/email');
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
