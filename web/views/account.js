// One's own account: where one is signed in, the password, and the end of it all.

import { describeInstant } from '../dates.js';
import { h } from '../dom.js';
import { changePassword, deleteUser, explain, getSession, listSessions, revokeSession, signOut } from '../session.js';
import { announce, showDone, showProblem } from '../toast.js';
import { form, passwordField } from './form.js';

/** `onStayed` is for who could not be signed out: the workspace has ended by then. */
export function accountView(workspace, { onLeft, onStayed }) {
  const { user } = workspace;
  const leaving = confirmDialog();
  const signsOut = h('button', { type: 'button', class: 'button', onclick: leave }, 'Sign out');
  const element = h(
    'div',
    { class: 'account-view' },
    h('header', { class: 'view-header' }, h('div', {}, h('h1', {}, 'Account'), h('p', { class: 'subtitle', dir: 'auto' }, `${user.name} · ${user.email}`)), signsOut),
    h('section', { class: 'panel' }, h('h2', {}, 'Where you are signed in'), sessionList()),
    h('section', { class: 'panel' }, h('h2', {}, 'Password'), passwordForm()),
    h('section', { class: 'panel danger-panel' }, h('h2', {}, 'Delete account'), deletion()),
    leaving.element,
  );
  return element;

  /** Once at a time. */
  async function leave() {
    if (signsOut.disabled) return;
    signsOut.disabled = true;
    try {
      await tryToLeave();
    } finally {
      signsOut.disabled = false;
      if (document.activeElement === document.body) signsOut.focus(); // which it had lost by that
    }
  }

  /** What has not arrived would be lost, so it goes out first, or is asked about, as what was refused is. */
  async function tryToLeave() {
    const isSent = workspace.outbox.size === 0 || (await workspace.outbox.finish().catch(() => false));
    if (!isSent && !(await mayBeLost())) return;
    // Where nothing can be lost by it, before the answer: who closes the page meanwhile leaves nothing behind.
    const putBack = isSent ? workspace.clear() : workspace.rest();
    try {
      await signOut(user);
      onLeft();
    } catch (error) {
      putBack?.();
      if (isSent) await onStayed();
      showProblem(explain(error).message, { act: isSent ? null : leave });
    }
  }

  /** Who has gone on to something else meanwhile is not asked, and stays. */
  async function mayBeLost() {
    return element.isConnected && (await leaving.ask(workspace.outbox.size));
  }

  function passwordForm() {
    const others = h('input', { type: 'checkbox', name: 'others', checked: true });
    const fields = { currentPassword: passwordField('Current password', 'current-password'), newPassword: passwordField('New password', 'new-password', 'At least 8 characters.') };
    async function onSubmit(values, element) {
      await changePassword(values.currentPassword, values.newPassword, others.checked);
      element.reset();
      showDone('Your password is changed');
    }
    return form({ fields, submit: 'Change password', onSubmit, extra: [h('label', { class: 'check-line' }, others, 'Sign out all other devices')], style: '' });
  }

  function deletion() {
    const words = h('p', {}, 'Your account, all your tasks and everything else that is kept of you are deleted, at once and for good.');
    const fields = { password: passwordField('Your password', 'current-password') };
    async function onSubmit({ password }) {
      await deleteUser(user, password);
      onLeft();
    }
    return [words, form({ fields, submit: 'Delete my account', onSubmit, style: 'danger' })];
  }
}

/** The sessions, each with its end. */
function sessionList() {
  const list = h('ul', { class: 'sessions', tabindex: '-1' }, h('li', { class: 'hint' }, 'Loading…'));

  async function load() {
    try {
      const [sessions, here] = await Promise.all([listSessions(), getSession()]);
      const newestFirst = sessions.sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
      list.replaceChildren(...newestFirst.map((session) => item(session, session.token === here?.session.token)));
    } catch (error) {
      list.replaceChildren(h('li', { class: 'problem-text' }, explain(error).message));
    }
  }

  function item(session, isHere) {
    const device = describeDevice(session.userAgent);
    const end = h('button', { type: 'button', class: 'button', 'aria-label': `End the session in ${device}`, onclick: () => revoke(session, end) }, 'End');
    const since = `Since ${describeInstant(session.createdAt)}${session.ipAddress ? ` · ${session.ipAddress}` : ''}`;
    return h('li', {}, h('div', {}, h('p', { class: 'device' }, device, isHere && h('span', { class: 'badge' }, 'this device')), h('p', { class: 'hint' }, since)), !isHere && end);
  }

  async function revoke(session, button) {
    button.disabled = true;
    try {
      await revokeSession(session.token);
      announce('Session ended');
    } catch (error) {
      showProblem(explain(error).message);
    }
    await load();
    if (document.activeElement === document.body) (list.querySelector('button') ?? list).focus();
  }

  load();
  return list;
}

function describeDevice(agent) {
  const browser = /Edg|OPR|Firefox|Chrome|Safari/.exec(agent ?? '')?.[0] ?? 'A program';
  const system = /Android|iPhone|iPad|Windows|Mac OS|Linux/.exec(agent ?? '')?.[0];
  const name = { Edg: 'Edge', OPR: 'Opera' }[browser] ?? browser;
  return system ? `${name} on ${system.replace('Mac OS', 'macOS')}` : name;
}

/** Asks whether changes may be lost. */
function confirmDialog() {
  const words = h('p', {});
  const element = h(
    'dialog',
    { class: 'confirm', 'aria-label': 'Sign out' },
    h('form', { method: 'dialog' }, words, h('div', { class: 'edit-actions' }, h('button', { class: 'button primary', value: 'stay' }, 'Stay'), h('button', { class: 'button danger', value: 'leave' }, 'Sign out and lose them'))),
  );
  async function ask(count) {
    words.textContent = `${count === 1 ? 'A change is' : `${count} changes are`} not saved on the server, and will be lost.`;
    element.returnValue = '';
    element.showModal();
    await new Promise((resolve) => element.addEventListener('close', resolve, { once: true }));
    return element.returnValue === 'leave';
  }
  return { element, ask };
}
