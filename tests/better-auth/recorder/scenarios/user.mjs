// POST /update-user and /change-password.
import { PASSWORD, withDatabase } from '../scenario.mjs';

const NEW = 'another long password';

export default {
  'updating the user': async ({ post, get, user, signIn }) => {
    const { email, cookie, token } = await user('ada');
    const update = (step, body) => post(step, '/update-user', body, { cookie });
    await update('the name', { name: 'Countess' });
    await update('the image', { image: 'https://example.com/a.png' });
    await update('both, and fields that are not there', { name: '', image: '', role: 'admin', emailVerified: true, id: 'x' });
    await get('what came of it', '/get-session', { cookie });
    await update('no image', { image: null });
    await get('what came of that', '/get-session', { cookie });
    await post('by bearer', '/update-user', { name: 'By bearer' }, { bearer: token });
    const forgetful = await signIn(email, { rememberMe: false });
    await post('not to be remembered', '/update-user', { name: 'x' }, { cookie: forgetful.cookie });
    await update('a foreign callback', { name: 'x', callbackURL: 'https://evil.example' });
    await update('a field called callbackURL', { name: 'x', callbackURL: '/x' });
  },

  'an update that is refused': async ({ post, send, user }) => {
    const { cookie } = await user('ada');
    const update = (step, body) => post(step, '/update-user', body, { cookie });
    for (const body of [null, [], 'x', 5, true, {}, { email: '' }, { email: 'new@example.com' }, { email: 'new@example.com', name: 'x' }, { nickname: 'x' }, { emailVerified: true }, { id: 'x', createdAt: 0 }]) {
      await update(JSON.stringify(body), body);
    }
    await update('no name', { name: null });
    await update('a name that PostgreSQL cannot hold', { name: 'a\0b' });
    await send('no body', 'POST', '/update-user', { cookie });
    await send('a form', 'POST', '/update-user', { cookie, form: 'name=x' });
    await post('without an origin', '/update-user', { name: 'x' }, { headers: { cookie } });
  },

  'changing the password': async ({ post, get, user, signIn }) => {
    const { email, cookie } = await user('ada');
    const second = await signIn(email);
    const change = (step, body, options = { cookie }) => post(step, '/change-password', body, options);
    await change('keeping the sessions', { currentPassword: PASSWORD, newPassword: NEW });
    await get('the other session', '/get-session', { cookie: second.cookie });
    await change('to the same', { currentPassword: NEW, newPassword: NEW, revokeOtherSessions: false });
    await change('revoking the sessions', { currentPassword: NEW, newPassword: PASSWORD, revokeOtherSessions: true });
    await get('the other session is gone', '/get-session', { cookie: second.cookie });
    await get('this one is gone too', '/get-session', { cookie });
    const forgetful = await signIn(email, { rememberMe: false });
    const { body } = await change('revoking, not to be remembered', { currentPassword: PASSWORD, newPassword: NEW, revokeOtherSessions: true }, { cookie: forgetful.cookie });
    await get('the session that came of it', '/get-session', { bearer: JSON.parse(body).token });
    await post('the new one', '/sign-in/email', { email, password: NEW });
    await post('the old one', '/sign-in/email', { email, password: PASSWORD });
  },

  'a change of the password that is refused': async ({ post, send, user }) => {
    const { cookie } = await user('ada');
    const change = (step, body) => post(step, '/change-password', body, { cookie });
    await change('wrong', { currentPassword: 'wrong password', newPassword: NEW });
    await change('empty', { currentPassword: '', newPassword: NEW });
    await change('too short', { currentPassword: 'wrong password', newPassword: 'short' });
    await change('too long', { currentPassword: 'wrong password', newPassword: 'p'.repeat(129) });
    await change('the current one too long', { currentPassword: 'p'.repeat(129), newPassword: NEW });
    await change('the current one too long and the new one too short', { currentPassword: 'p'.repeat(129), newPassword: 'x' });
    for (const body of [null, [], {}, { newPassword: null, currentPassword: 5, revokeOtherSessions: 'x' }, { newPassword: NEW, currentPassword: NEW, revokeOtherSessions: null }]) await change(JSON.stringify(body), body);
    await send('no body', 'POST', '/change-password', { cookie });
    await post('without an origin', '/change-password', {}, { headers: { cookie } });
    await post('from a foreign site', '/change-password', {}, { cookie, origin: 'https://evil.example' });
  },

  'changing a password that is not there': withDatabase(async ({ post, user, sql }) => {
    const { id, email, cookie } = await user('ada');
    await sql('update account set password = null where "userId" = $1', id);
    await post('without one', '/change-password', { currentPassword: PASSWORD, newPassword: NEW }, { cookie });
    await post('signing in without one', '/sign-in/email', { email, password: PASSWORD });
    await sql('delete from account where "userId" = $1', id);
    await post('without an account', '/change-password', { currentPassword: PASSWORD, newPassword: NEW }, { cookie });
    await post('signing in without an account', '/sign-in/email', { email, password: PASSWORD });
  }),

  'what updates touch': withDatabase(async ({ post, user, sql, rows }) => {
    const { id, cookie } = await user('ada');
    const past = () => sql('update "user" set "updatedAt" = now() - interval \'1 hour\' where id = $1', id)
      .then(() => sql('update account set "updatedAt" = now() - interval \'1 hour\' where "userId" = $1', id));
    const touched = (step) => rows(step, 'select u."updatedAt" as user, a."updatedAt" as account, a."accountId" = u.id as own from "user" u join account a on a."userId" = u.id where u.id = $1', id);
    await past();
    await post('changing the password', '/change-password', { currentPassword: PASSWORD, newPassword: NEW }, { cookie });
    await touched('after the password');
    await past();
    await post('changing the name', '/update-user', { name: 'x' }, { cookie });
    await touched('after the name');
  }),
};
