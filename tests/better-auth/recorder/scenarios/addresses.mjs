// What a session records of its client: the address behind trusted proxies (127.0.0.0/8 and ::1), and the user agent.
import { PASSWORD } from '../scenario.mjs';

const FORWARDED = [
  '192.0.2.1', '192.0.2.1, 127.0.0.1', '127.0.0.1, 192.0.2.1', '198.51.100.7, 192.0.2.1', '198.51.100.7, 192.0.2.1, 127.0.0.9, ::1', '127.0.0.1', '127.0.0.1, ::1', ' 192.0.2.1 ', '192.0.2.1,', ',,192.0.2.1', '',
  '192.0.2.1:8080', '192.0.2.1, garbage', 'garbage, 192.0.2.1', 'garbage', '192.0.2.256', '192.0.2', '0300.0.2.1', '192.000.002.001', '2001:db8:1:2:3:4:5:6', '2001:DB8::1', '[2001:db8::1]', '2001:db8::1%eth0', '::', '::1, 2001:db8::',
  '::ffff:192.0.2.1', '::ffff:c000:201', '::ffff:127.0.0.1', '::192.0.2.1', '64:ff9b::192.0.2.1', 'fe80::1', '1:2:3:4:5:6:7:8:9', '0:0:0:0:0:ffff:192.0.2.1', 'localhost', 'unknown, 192.0.2.1',
];

export default {
  'the address of a session': async ({ send, get, user, prepare }) => {
    const { email } = await user('ada');
    const signInFrom = async (step, headers) => {
      const { body } = await prepare('POST', '/sign-in/email', { json: { email, password: PASSWORD }, headers });
      await get(step, '/get-session', { bearer: JSON.parse(body).token });
    };
    await signInFrom('nothing said', {});
    for (const value of FORWARDED) await signInFrom(`"${value}"`, { 'x-forwarded-for': value });
    await signInFrom('two headers', { 'x-forwarded-for': ['192.0.2.1', '192.0.2.2'] });
    await signInFrom('other headers', { 'x-real-ip': '192.0.2.1', forwarded: 'for=192.0.2.2', 'cf-connecting-ip': '192.0.2.3', 'x-client-ip': '192.0.2.4' });
    await send('said while signing in', 'POST', '/sign-in/email', { json: { email, password: PASSWORD }, headers: { 'x-forwarded-for': '192.0.2.77' } });
  },

  'the user agent of a session': async ({ get, user, prepare }) => {
    const { email } = await user('ada');
    for (const agent of ['', 'Browser/1.0 (X; Y)', 'x'.repeat(1000), 'Gr\u00fc\u00dfe']) {
      const { body } = await prepare('POST', '/sign-in/email', { json: { email, password: PASSWORD }, headers: { 'user-agent': agent } });
      await get(`"${agent.slice(0, 30)}"`, '/get-session', { bearer: JSON.parse(body).token });
    }
  },
};
