// For who is not signed in: coming back, coming for the first time, or having forgotten the password.

import { h } from '../dom.js';
import { requestPasswordReset, signIn, signUp } from '../session.js';
import { emailField, field, form, passwordField } from './form.js';

export function showSignIn(page, { notice, email: known, onSignedIn }) {
  const card = h('div', { class: 'card' });
  const message = h('p', { class: 'notice', role: 'status', hidden: !notice }, notice);
  document.title = 'duly';

  function tell(text) {
    message.textContent = text;
    message.hidden = text === '';
  }

  function show(title, content, ...links) {
    card.replaceChildren(h('h2', {}, title), content, h('div', { class: 'card-links' }, links));
    const inputs = [...card.querySelectorAll('input')];
    (inputs.find(({ value }) => value === '') ?? inputs[0]).focus();
  }

  function link(words, onclick) {
    return h('button', { type: 'button', class: 'text-button', onclick: () => (tell(''), onclick()) }, words);
  }

  function showSigningIn(email = '') {
    const fields = { email: emailField({ value: email }), password: passwordField('Password', 'current-password') };
    const content = form({ fields, submit: 'Sign in', onSubmit: async (values) => onSignedIn(await signIn(values)) });
    const forgot = link('Forgot your password?', () => showForgotten(fields.email.input.value));
    show('Welcome back', content, link('Create an account', () => showSigningUp(fields.email.input.value)), forgot);
  }

  function showSigningUp(email = '') {
    const fields = {
      name: field('Name', { name: 'name', autocomplete: 'name', maxlength: '200', dir: 'auto' }),
      email: emailField({ value: email }),
      password: passwordField('Password', 'new-password', 'At least 8 characters.'),
    };
    async function onSubmit(values) {
      const session = await signUp(values);
      if (session) return onSignedIn(session);
      showSigningIn(values.email);
      tell('Nearly there. Open the link in the e-mail that we sent you, then sign in.');
    }
    const content = form({ fields, submit: 'Create account', onSubmit });
    show('Create your account', content, link('I have an account: sign in', () => showSigningIn(fields.email.input.value)));
  }

  function showForgotten(email = '') {
    const fields = { email: emailField({ value: email }) };
    async function onSubmit(values) {
      await requestPasswordReset(values.email);
      showSigningIn(values.email);
      tell('If there is an account with this address, an e-mail with a link is on its way.');
    }
    const content = form({ fields, submit: 'Send me a link', onSubmit });
    show('A new password', content, link('Back to signing in', () => showSigningIn(fields.email.input.value)));
  }

  const promises = ['Write it as you would say it: tomorrow, !high, #home', 'Works without a connection, catches up by itself', 'Yours alone, on your own server'];
  const pitch = h(
    'div',
    { class: 'pitch' },
    h('h1', { class: 'brand' }, 'duly'),
    h('p', { class: 'claim' }, 'A calm list of what is to be done.'),
    h('ul', {}, promises.map((words) => h('li', {}, words))),
  );
  page.replaceChildren(h('main', { class: 'welcome' }, pitch, h('div', {}, message, card)));
  if (notice) showSigningIn(known);
  else showSigningUp();
}
