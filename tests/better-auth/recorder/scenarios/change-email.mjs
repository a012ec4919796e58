// POST /change-email, and GET /verify-email with the tokens that come of it.
import { withDatabase } from '../scenario.mjs';

const tokenOf = (link) => new URL(link).searchParams.get('token');

export default {
  'changing an address that is not verified': async ({ post, get, mail, user, address }) => {
    const ada = await user('ada');
    const eve = await user('eve');
    const { cookie } = ada;
    const to = address('new');
    await post('asking', '/change-email', { newEmail: to.toUpperCase(), callbackURL: '/done?x=1#y' }, { cookie });
    await mail('what was sent to the new one', to);
    await post('asking by bearer, with an empty callback', '/change-email', { newEmail: to, callbackURL: '' }, { bearer: ada.token });
    const token = tokenOf(await mail('what was sent to the new one after that', to, 2));
    await mail('what was sent to the old one', ada.email, 0);
    await get('the user before', '/get-session', { cookie });
    await get('by somebody else', `/verify-email?token=${token}`, { cookie: eve.cookie });
    await get('by somebody else, with a callback', `/verify-email?token=${token}&callbackURL=/x`, { cookie: eve.cookie });
    await get('by nobody, with a foreign callback', `/verify-email?token=${token}&callbackURL=https://evil.example`);
    await get('by the user', `/verify-email?token=${token}`, { cookie });
    await get('again', `/verify-email?token=${token}`, { cookie });
    await get('the user after', '/get-session', { cookie });
    const third = address('third');
    await post('asking again', '/change-email', { newEmail: third }, { cookie });
    await get('by nobody, with a callback', `/verify-email?callbackURL=/x&token=${tokenOf(await mail('the mail', third))}`);
    await get('the user after that', '/get-session', { cookie });
  },

  'changing an address that is verified': async ({ post, get, mail, user, address, signJwt }) => {
    const { email, cookie } = await user('ada');
    await get('verifying', `/verify-email?token=${signJwt({ email })}`);
    const to = address('new');
    await post('asking', '/change-email', { newEmail: to, callbackURL: '/done' }, { cookie });
    const approval = tokenOf(await mail('what was sent to the old one', email));
    await mail('what was sent to the new one', to, 0);
    await get('approving, with nobody signed in', `/verify-email?token=${approval}`);
    await mail('what was sent to the new one after that', to);
    await get('approving again, with a callback', `/verify-email?callbackURL=/x%3Fa&token=${approval}`, { cookie });
    const verification = tokenOf(await mail('what was sent to the new one again', to, 2));
    await get('the user before', '/get-session', { cookie });
    await get('verifying the new one', `/verify-email?callbackURL=/x&token=${verification}`, { cookie });
    await get('the user after', '/get-session', { cookie });
    await get('approving too late', `/verify-email?token=${approval}`);
  },

  'a change of the address that is refused': async ({ post, send, mail, user }) => {
    const { email, cookie } = await user('ada');
    const eve = await user('eve');
    const change = (step, body, options = { cookie }) => post(step, '/change-email', body, options);
    for (const body of [null, [], {}, { newEmail: null }, { newEmail: '' }, { newEmail: 'ada', callbackURL: null }, { newEmail: 'ada', callbackURL: 5 }, { newEmail: 'ada@localhost' }]) await change(JSON.stringify(body), body);
    await change('to the same', { newEmail: email });
    await change('to the same in capitals', { newEmail: email.toUpperCase() });
    await change('to one that is taken', { newEmail: eve.email.toUpperCase() });
    await change('with a foreign callback', { newEmail: 'new@example.com', callbackURL: 'https://evil.example' });
    await change('without an origin', { newEmail: 'new@example.com' }, { headers: { cookie } });
    await change('nobody', { newEmail: 'new@example.com' }, {});
    await change('nobody, with a bad body', {}, {});
    await send('no body', 'POST', '/change-email', { cookie });
    await mail('what was sent to the one that is taken', eve.email, 0);
    await mail('what was sent to the user', email, 0);
  },

  'a token for a change that is not believed': async ({ get, user, signJwt }) => {
    const { id, email, cookie } = await user('ada');
    const eve = await user('eve');
    const tokens = {
      'without a user': { email, updateTo: 'new@example.com' },
      'with an empty user': { email, updateTo: 'new@example.com', userId: '' },
      'of a user who is not there': { email, updateTo: 'new@example.com', userId: 'nobody' },
      'of an address of somebody else': { email: eve.email, updateTo: 'new@example.com', userId: id },
      'of the address in capitals': { email: email.toUpperCase(), updateTo: 'new@example.com', userId: id },
    };
    for (const [step, claims] of Object.entries(tokens)) {
      for (const requestType of [undefined, 'change-email-confirmation', 'change-email-verification']) {
        await get(`${step}, ${requestType}`, `/verify-email?token=${signJwt({ ...claims, requestType })}`, { cookie });
      }
      await get(`${step}, with a callback`, `/verify-email?callbackURL=/x&token=${signJwt(claims)}`, { cookie });
    }
    await get('the user is as before', '/get-session', { cookie });
  },

  'a change of the address in one step': async ({ get, mail, user, address, signJwt }) => {
    const { id, email, cookie } = await user('ada');
    const [second, third] = [address('second'), address('third')];
    await get('verifying', `/verify-email?token=${signJwt({ email })}`);
    await get('without a request type', `/verify-email?token=${signJwt({ email, updateTo: second.toUpperCase(), userId: id })}`, { cookie });
    await mail('what was sent', second);
    await get('with an unknown one, a callback and nobody signed in', `/verify-email?callbackURL=/x&token=${signJwt({ email: second, updateTo: third, userId: id, requestType: 'x' })}`);
    await mail('what was sent after that', third);
    await get('the user after', '/get-session', { cookie });
  },

  'a change to an address that was taken meanwhile': async ({ get, user, signJwt }) => {
    const { id, email, cookie } = await user('ada');
    const eve = await user('eve');
    const claims = { email, updateTo: eve.email, userId: id };
    for (const requestType of ['change-email-verification', undefined]) {
      await get(`${requestType}`, `/verify-email?token=${signJwt({ ...claims, requestType })}`, { cookie });
      await get(`${requestType}, with a callback`, `/verify-email?callbackURL=/x&token=${signJwt({ ...claims, requestType })}`);
    }
    await get('approving it', `/verify-email?token=${signJwt({ ...claims, requestType: 'change-email-confirmation' })}`);
    await get('the user is as before', '/get-session', { cookie });
  },

  'the cookies of a change': withDatabase(async ({ get, user, address, signJwt, signIn, sql }) => {
    const { id, email, cookie, token } = await user('ada');
    const eve = await user('eve');
    const steps = [email, ...['b', 'c', 'd', 'e'].map((name) => address(name))];
    const change = (i, requestType = 'change-email-verification') => `/verify-email?token=${signJwt({ email: steps[i], updateTo: steps[i + 1], userId: id, requestType })}`;
    const slide = () => sql('update session set "expiresAt" = now() + interval \'5 days\' where token = any($1)', [token, eve.token]);
    await get('by bearer', change(0), { bearer: token });
    await slide();
    await get('of a session that slides', change(1), { cookie });
    await slide();
    await get('of an approval in a session that slides', change(2, 'change-email-confirmation'), { cookie });
    await slide();
    await get('of somebody else whose session slides', change(2), { cookie: eve.cookie });
    await get('of garbage as a bearer', change(2), { bearer: 'garbage' });
    const forgetful = await signIn(steps[3], { rememberMe: false });
    await get('not to be remembered', change(3), { cookie: forgetful.cookie });
    await slide();
    await get('of a plain verification in a session that slides', `/verify-email?token=${signJwt({ email: eve.email })}`, { cookie: eve.cookie });
  }),
};
