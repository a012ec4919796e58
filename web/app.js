// The start: who is signed in decides what is shown.

import { h } from './dom.js';
import { current, lastUser, onChangeElsewhere } from './session.js';
import { forgetAllOf, forgetTasksOf } from './storage.js';
import { closeAllToasts } from './toast.js';
import { showHome } from './views/home.js';
import { showResetPassword } from './views/reset-password.js';
import { showSignIn } from './views/sign-in.js';
import { Workspace } from './workspace.js';

/** How long an answer may take, in milliseconds, until who was here last sees what this browser knows. */
const PATIENCE = 3_000;

const page = document.getElementById('page');
let workspace = null;
/** The id of who was here last, or `null`: whose view the address names, and whose tasks this browser keeps. */
let wasHere = lastUser()?.id ?? null;
/** The question who is signed in. A later one takes the place of an earlier one. */
let asking = new AbortController();

async function start(notice = '') {
  const last = lastUser();
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  // The answer corrects it.
  const timer = setTimeout(() => last && !signal.aborted && show({ user: last }), PATIENCE);
  try {
    const session = await current(signal);
    signal.throwIfAborted();
    if (session === null && last) notice ||= 'Your session has ended. Please sign in again.';
    show(session, notice, last?.email);
  } catch (error) {
    if (!signal.aborted) showTrouble(error);
  } finally {
    clearTimeout(timer);
  }
}

function show(session, notice = '', email = '') {
  if (workspace && workspace.user.id === session?.user.id) return;
  closeWorkspace();
  if (session) {
    open(session);
    return;
  }
  // Only what they did and could not send waits for them, and what they were writing.
  if (wasHere !== null) forgetTasksOf(wasHere);
  showSignIn(page, { notice, email, onSignedIn: welcome });
}

/** Nothing of whoever was here stays on the screen. */
function closeWorkspace() {
  workspace?.close();
  workspace = null;
  closeAllToasts();
}

/** Who comes in by the form goes on to the first task. */
function welcome(session) {
  asking.abort();
  show(session);
  document.getElementById('new-task')?.focus();
}

function open({ user }) {
  if (wasHere !== null && wasHere !== user.id) {
    forgetAddress();
    forgetTasksOf(wasHere);
  }
  wasHere = user.id;
  const opened = new Workspace(user);
  workspace = opened;
  opened.addEventListener('signed-out', () => start(sessionEnded(opened)));
  showHome(page, opened, { onLeft: () => leave(opened), onStayed: startAgain });
}

/** Somebody has signed out, or is no more: nothing of theirs stays in this browser. */
function leave(left) {
  left.clear();
  return startAgain();
}

function startAgain() {
  closeWorkspace();
  page.replaceChildren();
  forgetAddress();
  return start();
}

/** What somebody looked for is nobody else's business. */
function forgetAddress() {
  history.replaceState(null, '', '#/today');
}

function sessionEnded({ outbox }) {
  const waiting = outbox.changes.length;
  if (waiting === 0) return '';
  return `Your session has ended. Sign in again to send ${waiting === 1 ? 'a change' : `${waiting} changes`} that you made.`;
}

function showTrouble(error) {
  closeWorkspace();
  const retry = h('button', { type: 'button', class: 'button', onclick: () => start() }, 'Try again');
  page.replaceChildren(h('main', { class: 'trouble' }, h('h1', {}, 'Not available at the moment'), h('p', {}, error.message), retry));
}

onChangeElsewhere(({ left }) => {
  if (left !== null) forgetAllOf(left);
  if (isResetting) return;
  if (workspace && workspace.user.id === left) leave(workspace);
  else start();
});
addEventListener('pageshow', ({ persisted }) => persisted && start());

const token = new URLSearchParams(location.search).get('token');
let isResetting = token !== null || location.search.includes('error=');
if (isResetting) {
  // The link is good for one use; it need not stand in the address meanwhile.
  history.replaceState(null, '', '/');
  showResetPassword(page, token, (notice) => {
    isResetting = false;
    start(notice);
  });
} else {
  start();
}

// Caches the page itself, for starts without a connection. Everything works without it.
navigator.serviceWorker?.register('/sw.js').catch(() => {});
