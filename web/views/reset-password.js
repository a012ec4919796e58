// Where the link in the e-mail about a forgotten password leads: `/?token=…`, or `/?error=…` when it is too old.

import { h } from '../dom.js';
import { resetPassword } from '../session.js';
import { form, passwordField } from './form.js';

export function showResetPassword(page, token, onDone) {
  const fields = { password: passwordField('New password', 'new-password', 'At least 8 characters.') };
  async function onSubmit({ password }) {
    await resetPassword(token, password);
    onDone('Your password is changed. Sign in with the new one.');
  }
  const back = h('button', { type: 'button', class: 'button primary', onclick: () => onDone('') }, 'To the start');
  const content = token
    ? form({ fields, submit: 'Change password', onSubmit })
    : [h('p', {}, 'This link was used already, or is too old. Ask for a new one.'), back];
  document.title = 'New password · duly';
  const card = h('div', { class: 'card' }, h('h1', {}, 'A new password'), content);
  page.replaceChildren(h('main', { class: 'welcome is-narrow' }, card));
  card.querySelector('input, button').focus();
}
