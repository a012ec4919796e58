// POST /sign-up/email.
import { PASSWORD } from '../scenario.mjs';

const PATH = '/sign-up/email';
const valid = { name: 'Ada', email: 'nobody@example.com', password: PASSWORD };

export default {
  'signing up': async ({ post, send, get, address }) => {
    const email = address('ada');
    const { body } = await post('with the least', PATH, { name: 'Ada Lovelace', email: email.toUpperCase(), password: PASSWORD });
    await post('again with the same address', PATH, { name: 'Eve', email, password: PASSWORD });
    await post('again, and the password is too short', PATH, { name: 'Eve', email, password: 'short' });
    await get('the session that came of it', '/get-session', { bearer: JSON.parse(body).token });
    await post('with everything', PATH, {
      name: '', email: address('with-everything'), password: PASSWORD, image: '', callbackURL: '/done', rememberMe: true, role: 'admin', emailVerified: true, id: 'mine', createdAt: '2000-01-01',
    });
    await post('not to be remembered', PATH, { name: 'Ada', email: address('not-remembered'), password: PASSWORD, rememberMe: false });
    await send('by a form', 'POST', PATH, { form: `name=Ada+L%C3%B6&email=${encodeURIComponent(address('by-form'))}&password=12345678&name=Last` });
    await send('with a media type in capitals and a parameter', 'POST', PATH, {
      headers: { 'content-type': ' Application/JSON ; charset=utf-8' }, body: JSON.stringify({ ...valid, email: address('media-type') }),
    });
    await send('after a byte order mark, with keys twice', 'POST', PATH, {
      headers: { 'content-type': 'application/json' }, body: `\ufeff{"name":"a","name":"b","password":"12345678","email":${JSON.stringify(address('bom'))}}`,
    });
    await send('with a lone surrogate and letters of every kind', 'POST', PATH, {
      headers: { 'content-type': 'application/json' }, body: `{"name":"\\ud800 ü/<é\\u2028😀","password":"12345678","email":${JSON.stringify(address('letters'))}}`,
    });
    await post('with a name that PostgreSQL cannot hold', PATH, { ...valid, email: address('nul'), name: 'a\0b' });
  },

  'the password of a new user': async ({ post, address }) => {
    await post('has 7 characters', PATH, { ...valid, password: '1234567' });
    await post('has 129 characters', PATH, { ...valid, password: 'p'.repeat(129) });
    await post('has 65 emoji', PATH, { ...valid, password: '😀'.repeat(65) });
    await post('has 4 emoji', PATH, { ...valid, email: address('emoji'), password: '😀'.repeat(4) });
    await post('has 8 spaces', PATH, { ...valid, email: address('spaces'), password: ' '.repeat(8) });
    await post('is empty', PATH, { ...valid, password: '' });
  },

  'a body that sign-up refuses': async ({ post, send }) => {
    for (const body of [null, [], 'text', 5, true, {}]) await post(`is ${JSON.stringify(body)}`, PATH, body);
    await post('has nulls', PATH, { name: null, email: null, password: null, image: null, callbackURL: null, rememberMe: null });
    await post('has other types', PATH, { name: 1, email: [], password: {}, image: 5, callbackURL: 0, rememberMe: 'true' });
    await post('has one bad field of four', PATH, { ...valid, image: 5 });
    await send('is a form with text for a boolean', 'POST', PATH, { form: 'name=a&email=nobody@example.com&password=12345678&rememberMe=false' });
    await send('is absent', 'POST', PATH);
    await send('has no media type', 'POST', PATH, { body: JSON.stringify(valid) });
    await send('is empty', 'POST', PATH, { headers: { 'content-type': 'application/json' }, body: '' });
    await send('is blank', 'POST', PATH, { headers: { 'content-type': 'application/json' }, body: '  ' });
    await send('is no JSON', 'POST', PATH, { headers: { 'content-type': 'application/json' }, body: '{"name":' });
    await send('has more after the JSON', 'POST', PATH, { headers: { 'content-type': 'application/json' }, body: '{} x' });
    for (const type of ['text/plain', 'application/merge-patch+json', 'multipart/form-data; boundary=x', 'Text/HTML; Charset=x', 'application/jsonx']) {
      await send(`is ${type}`, 'POST', PATH, { headers: { 'content-type': type }, body: '{}' });
    }
  },

  'an address that sign-up refuses': async ({ post }) => {
    const addresses = [
      '', 'ada', 'ada@', '@example.com', 'ada@localhost', 'ada@127.0.0.1', 'ada@[127.0.0.1]', ' ada@example.com', 'ada@example.com ', 'a&b@example.com',
      "ada'@example.com", '.ada@example.com', 'a..b@example.com', 'ada.@example.com', 'ada@example.com.', 'ada@ex_ample.com', 'ada@-example.com', 'ada@example.c', 'ada@example.c0m',
      'ädä@example.com', 'ada@exämple.com', '"ada"@example.com', 'ada@example..com', 'ada@a@example.com',
    ];
    for (const email of addresses) await post(`"${email}"`, PATH, { ...valid, email });
  },

  'an address that sign-up takes': async ({ post, address }) => {
    const unusual = ["o'hara", '_ada', '-ada', 'ada+tag', 'a.b.c', 'A_D-A+1'];
    for (const name of unusual) await post(name, PATH, { ...valid, email: `${name}.${address('tail')}` });
    await post('a host that begins with a digit', PATH, { ...valid, email: address('digit', '1.com') });
    await post('a label that ends with a hyphen', PATH, { ...valid, email: address('hyphen', 'example-.com') });
  },
};
