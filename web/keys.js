// The keyboard. Keys are never taken from somebody who is typing, nor from the browser.

import { VIEWS, plainQuery, writeAddress } from './query.js';
import { hasSingleKeys } from './single-keys.js';
import { undoLast } from './toast.js';

export function handleKeys({ tasks, help, signal }) {
  const actions = {
    '?': () => help.showModal(),
    u: undoLast,
    n: () => tasks.focusAdd(),
    '/': () => tasks.focusSearch(),
    j: () => tasks.move(1),
    ArrowDown: () => tasks.move(1),
    k: () => tasks.move(-1),
    ArrowUp: () => tasks.move(-1),
    x: () => tasks.onFocused('toggle'),
    e: () => tasks.onFocused('edit'),
    Enter: () => tasks.onFocused('edit'),
    Delete: () => tasks.onFocused('delete'),
    Backspace: () => tasks.onFocused('delete'),
  };
  Object.keys(VIEWS).forEach((view, index) => {
    actions[index + 1] = () => (location.hash = writeAddress(plainQuery(view)));
  });

  function onKeyDown(event) {
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey || isDialogOpen() || isTyping(event.target)) return;
    if (event.key.length === 1 && !hasSingleKeys()) return;
    if (needsCheckbox(event.key) && !event.target.matches('.task .check')) return;
    event.preventDefault();
    action();
  }

  document.addEventListener('keydown', onKeyDown, { signal });
}

/** These mean something else to buttons, links and the page itself. */
function needsCheckbox(key) {
  return ['Enter', 'Delete', 'Backspace', 'ArrowDown', 'ArrowUp'].includes(key);
}

/** Whether a dialog is open, which the keys belong to. */
function isDialogOpen() {
  return document.querySelector('dialog[open]') !== null;
}

function isTyping(element) {
  return element.matches('input:not([type=checkbox]), textarea, select, [contenteditable]') || element.closest('.editor') !== null;
}
