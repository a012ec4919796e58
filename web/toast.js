// Short messages at the edge of the screen, and what only screen readers are told.

import { h, iconButton } from './dom.js';
import { hasSingleKeys } from './single-keys.js';

/** How long something can be undone, in milliseconds. */
export const UNDO_TIME = 8_000;
/** How many that go by themselves. */
const MOST_SHOWN = 3;

const shelf = h('section', { class: 'toasts', 'aria-label': 'Messages' });
const spoken = h('p', { class: 'only-read-out', role: 'status' });
document.body.append(shelf, spoken);

/** Those on the shelf, the oldest first: `{ undo, close }`. */
const shown = [];

/** Says something to screen readers. The same words again are said again. */
export function announce(text) {
  spoken.textContent = '';
  setTimeout(() => (spoken.textContent = text));
}

/** Something was done, and can be undone for a while. */
export function showDone(text, undo = null) {
  show(text, { label: 'Undo', act: undo, staysFor: UNDO_TIME });
  announce(undo && hasSingleKeys() ? `${text}. Press U to undo.` : text);
}

/** Something went wrong. It stays until it is acted on, or dismissed by somebody, or closed by what this gives. */
export function showProblem(text, { label = 'Retry', act = null, onDismiss = null } = {}) {
  return show(text, { label, act, onDismiss, role: 'alert' });
}

/** Undoes what was done last, if that is still offered. */
export function undoLast() {
  const toast = shown.findLast(({ undo }) => undo);
  if (!toast) return;
  toast.close();
  toast.undo();
}

export function closeAllToasts() {
  for (const { close } of [...shown]) close();
  spoken.textContent = '';
}

/** Gives what closes it. */
function show(text, { label, act, onDismiss = null, staysFor = null, role = null }) {
  const words = h('p', { dir: 'auto' }, text);
  const button = act && h('button', { type: 'button', class: 'text-button', onclick: () => (close(), act()) }, label);
  const dismiss = iconButton('close', 'Close message', () => (close(), onDismiss?.()));
  const element = h('div', { class: role ? 'toast problem' : 'toast', role }, words, button, dismiss);
  const timer = staysFor === null ? 0 : setTimeout(() => close(), staysFor);
  function close() {
    clearTimeout(timer);
    const at = shown.indexOf(toast);
    if (at >= 0) shown.splice(at, 1);
    const hadFocus = element.contains(document.activeElement);
    element.remove();
    if (hadFocus) document.querySelector('main')?.focus();
  }
  const toast = { undo: label === 'Undo' ? act : null, isPassing: staysFor !== null, close };
  shown.push(toast);
  shelf.append(element);
  const passing = shown.filter(({ isPassing }) => isPassing);
  if (passing.length > MOST_SHOWN) passing[0].close();
  return close;
}
