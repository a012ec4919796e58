// GET /list-accounts and /error.
import { withDatabase } from '../scenario.mjs';

export default {
  'the accounts of a user': async ({ get, user }) => {
    const { cookie, token } = await user('ada');
    await user('eve');
    await get('by cookie', '/list-accounts', { cookie });
    await get('by bearer', '/list-accounts?x=1', { bearer: token });
    await get('with garbage as a bearer', '/list-accounts', { bearer: 'garbage' });
  },

  'the accounts at other providers': withDatabase(async ({ get, user, sql }) => {
    const { id, cookie } = await user('ada');
    const insert = (provider, scope) => sql(`insert into account (id, "accountId", "providerId", "userId", "accessToken", "refreshToken", "idToken", scope, "createdAt", "updatedAt")
      values ($1, $2, $3, $4, 'access', 'refresh', 'id', $5, now() + interval '1 hour', now() + interval '2 hours')`, `${provider}-${id}`, `number-${provider}`, provider, id, scope);
    await insert('github', 'read:user,user:email, x ,,');
    await insert('google', '');
    await get('are listed without their tokens', '/list-accounts', { cookie });
  }),

  'the page for errors': async ({ page }) => {
    const show = (query, texts) => page(`"${query}"`, `/error${query}`, texts);
    await show('', ['UNKNOWN']);
    await show('?error=', ['UNKNOWN']);
    await show('?error=INVALID_TOKEN', ['INVALID_TOKEN', 'UNKNOWN']);
    await show('?error=a%20b', ['a b', 'UNKNOWN']);
    await show('?error=%3Cscript%3E', ['<script>', 'UNKNOWN']);
    await show("?error=it's", ['it&#39;s']);
    await show('?error=A&error_description=%3Cb%3Ehi%3C/b%3E', ['&lt;b&gt;hi&lt;/b&gt;', '<b>hi</b>']);
  },
};
