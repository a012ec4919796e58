// GET /token and /jwks.
import { withDatabase } from '../scenario.mjs';

export default {
  'the JWT': async ({ get, user }) => {
    const { cookie, token } = await user('ada', { image: 'https://example.com/ada.png', name: 'Ada ü 😀' });
    await get('by cookie', '/token', { cookie });
    await get('by bearer', '/token', { bearer: token });
    await get('the keys', '/jwks');
    await get('the keys, whoever asks', '/jwks?x=1', { cookie: 'a=b', bearer: 'x' });
    await get('with a bad cookie', '/token', { cookie: 'better-auth.session_token=x' });
    await get('with garbage as a bearer', '/token', { bearer: 'garbage' });
  },

  'the JWT of a verified user': withDatabase(async ({ get, user, sql, rows }) => {
    const { id, cookie } = await user('ada');
    await sql('update "user" set "emailVerified" = true, "createdAt" = now() - interval \'40 days\' where id = $1', id);
    await get('the JWT', '/token', { cookie });
    await rows('how the key is kept', `select "publicKey"::json ->> 'crv' as crv, length("publicKey"::json ->> 'x') as x, (select count(*) from json_object_keys("publicKey"::json)) as members,
      left("privateKey", 1) as quote, "privateKey" ~ '^"[0-9a-f]+"$' as hex, length("privateKey") as length, "expiresAt" from jwks`);
  }),
};
