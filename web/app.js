// The start: who is signed in decides what is shown.

import { h } from './dom.js';
import { current, lastUser, onChangeElsewhere } from './session.js';
import { closeAllToasts } from './toast.js';
import { showHome } from './views/home.js';
import { showResetPassword } from './views/reset-password.js';
import { showSignIn } from './views/sign-in.js';
import { Workspace } from './workspace.js';

const page = document.getElementById('page');
let workspace = null;

async function start(notice = '') {
  const last = lastUser();
  try {
    const session = await current();
    if (session === null && last) notice ||= 'Your session has ended. Please sign in again.';
    show(session, notice, last?.email);
  } catch (error) {
    showTrouble(error);
  }
}

function show(session, notice = '', email = '') {
  if (workspace && workspace.user.id === session?.user.id) return;
  workspace?.close();
  workspace = null;
  closeAllToasts();
  if (session) open(session);
  else showSignIn(page, { notice, email, onSignedIn: welcome });
}

/** Who comes in by the form goes on to the first task. */
function welcome(session) {
  show(session);
  document.getElementById('new-task')?.focus();
}

function open({ user }) {
  const opened = new Workspace(user);
  workspace = opened;
  opened.addEventListener('signed-out', () => start(sessionEnded(opened)));
  showHome(page, opened, { onLeft: () => leave(opened) });
}

/** Somebody has signed out, or is no more: nothing of theirs stays in this browser. */
function leave(left) {
  left.clear();
  workspace = null;
  start();
}

function sessionEnded({ outbox }) {
  const waiting = outbox.changes.length;
  if (waiting === 0) return '';
  return `Your session has ended. Sign in again to send ${waiting === 1 ? 'a change' : `${waiting} changes`} that you made.`;
}

function showTrouble(error) {
  const retry = h('button', { type: 'button', class: 'button', onclick: () => start() }, 'Try again');
  page.replaceChildren(h('main', { class: 'trouble' }, h('h1', {}, 'Not available at the moment'), h('p', {}, error.message), retry));
}

onChangeElsewhere(({ left }) => {
  if (workspace && workspace.user.id === left) leave(workspace);
  else start();
});
addEventListener('pageshow', ({ persisted }) => persisted && start());

const token = new URLSearchParams(location.search).get('token');
if (token || location.search.includes('error=')) showResetPassword(page, token, start);
else start();

// Caches the page itself, for starts without a connection. Everything works without it.
navigator.serviceWorker?.register('/sw.js').catch(() => {});
