// What the keyboard can do.

import { h, iconButton } from '../dom.js';
import { hasSingleKeys, setSingleKeys } from '../single-keys.js';

const KEYS = [
  ['Add a task', 'N'],
  ['Search', '/'],
  ['Next, previous task', 'J', 'K'],
  ['Complete or reopen', 'X', 'Space'],
  ['Edit', 'E', 'Enter'],
  ['Delete', 'Delete'],
  ['Undo', 'U'],
  ['Today, Upcoming, Overdue, All, Completed', '1', '…', '5'],
  ['Save while editing', 'Enter', 'Ctrl Enter'],
  ['Leave without saving', 'Esc'],
  ['This help', '?'],
];

const WORDS = [
  ['!low !medium !high !urgent', 'priority'],
  ['#home', 'tag'],
  ['tomorrow  friday  in 3 days  2026-12-01', 'due date'],
];

export function helpDialog() {
  const close = () => dialog.close();
  const keys = KEYS.map(([what, ...names]) => [h('dt', {}, what), h('dd', {}, names.map((name) => h('kbd', {}, name)))]);
  const single = h('input', { type: 'checkbox', checked: hasSingleKeys(), onchange: () => setSingleKeys(single.checked) });
  const words = WORDS.map(([example, what]) => [h('dt', {}, h('code', {}, example)), h('dd', {}, what)]);
  const dialog = h(
    'dialog',
    { class: 'help', 'aria-labelledby': 'help-title' },
    h('header', {}, h('h2', { id: 'help-title' }, 'Keyboard'), iconButton('close', 'Close', close)),
    h('dl', {}, keys.flat()),
    h('label', { class: 'check-line' }, single, 'Single letters, digits and signs are commands'),
    h('h3', {}, 'In the line for a new task'),
    h('dl', {}, words.flat()),
  );
  dialog.addEventListener('click', (event) => event.target === dialog && close());
  return dialog;
}
