// One task in a list: ticked off, opened to be edited, deleted.

import { describeDue, isOverdue, readDue, today, zone } from '../dates.js';
import { h, icon, iconButton, setAttribute, setText } from '../dom.js';
import { plainQuery, writeAddress } from '../query.js';
import { drafts, nameOfDraft } from '../storage.js';
import { taskEditor } from './task-editor.js';

export function taskRow(task, { tasks, store, user }, { onClosed }) {
  const { id } = task;
  const nameOfEdit = nameOfDraft(user.id, id);
  const check = h('input', { type: 'checkbox', class: 'check', onchange: () => tasks.setCompleted(id, check.checked) });
  const title = h('button', { type: 'button', class: 'title', dir: 'auto', onclick: edit });
  const facts = h('div', { class: 'facts' });
  const edits = iconButton('edit', 'Edit', edit, { class: 'icon-button row-action' });
  const deletes = iconButton('trash', 'Delete', remove, { class: 'icon-button row-action' });
  const shown = [check, h('div', { class: 'words' }, title, facts), edits, deletes];
  const element = h('li', { class: 'task', 'data-id': id }, shown);
  let drawn = null;
  let editor = null;
  /** The task as it was seen last, for when it is gone. */
  let last = task;

  /** Draws the task where it differs. A day that the heading above says already is not said again. */
  function update(task, heading = null) {
    last = task;
    // A due date also looks otherwise when time has passed, or elsewhere.
    const state = JSON.stringify([task, heading, today(), zone, isOverdue(task.due_date)]);
    if (state === drawn) return;
    drawn = state;
    setText(title, task.title);
    check.checked = task.completed;
    setAttribute(check, 'aria-label', `Complete ${task.title}`);
    setAttribute(edits, 'aria-label', `Edit ${task.title}`);
    setAttribute(deletes, 'aria-label', `Delete ${task.title}`);
    element.classList.toggle('is-completed', task.completed);
    check.className = `check priority-${task.priority}`;
    facts.replaceChildren(...drawFacts(task, heading));
    facts.hidden = facts.children.length === 0;
  }

  function edit() {
    if (editor || !store.task(id)) return;
    open();
    editor.focus();
  }

  function open(draft = {}) {
    const onDelete = () => (close(), remove());
    editor = taskEditor(store.task(id), { draft, knownTags: store.tags, onSave: save, onCancel: close, onDelete });
    element.replaceChildren(editor.element);
    element.classList.add('is-edited');
  }

  /** For when somebody who was writing is back. What was only opened is none. */
  function keepDraft() {
    if (!editor) return;
    const draft = editor.draft();
    if (Object.keys(draft).length > 0) drafts.write(nameOfEdit, draft);
    else drafts.forget(nameOfEdit);
  }

  function save(fields) {
    if (tasks.update(last, fields, { onBroughtBack: () => editor && close() })) close();
  }

  function close() {
    editor = null;
    drafts.forget(nameOfEdit);
    element.replaceChildren(...shown);
    element.classList.remove('is-edited');
    check.focus();
    onClosed();
  }

  function remove() {
    check.focus();
    tasks.delete(id);
  }

  function toggle() {
    tasks.setCompleted(id, !store.task(id)?.completed);
  }

  const draft = drafts.read(nameOfEdit);
  if (draft) open(draft);

  return { element, update, edit, toggle, delete: remove, keepDraft, isEdited: () => editor !== null };
}

function drawFacts(task, heading) {
  const facts = [];
  if (task.due_date && describeDue(task.due_date) !== heading) facts.push(dueFact(task));
  if (task.priority !== 'none') facts.push(h('span', { class: `fact priority-${task.priority}` }, icon('flag'), task.priority));
  for (const tag of task.tags) {
    const address = writeAddress({ ...plainQuery('all'), tags: [tag] });
    facts.push(h('a', { class: 'fact tag', href: address, dir: 'auto' }, `#${tag}`));
  }
  if (task.description) facts.push(h('span', { class: 'fact note' }, icon('note'), h('span', { dir: 'auto' }, firstLine(task.description))));
  return facts;
}

function dueFact({ due_date: due, completed }) {
  const isLate = !completed && isOverdue(due);
  const isToday = readDue(due).day === today();
  const state = isLate ? 'is-late' : isToday ? 'is-today' : '';
  const words = isLate ? h('span', { class: 'only-read-out' }, 'Overdue: ') : null;
  return h('time', { class: `fact due ${state}`, datetime: due }, icon('upcoming'), words, describeDue(due));
}

function firstLine(text) {
  return text.trim().split('\n', 1)[0].slice(0, 200);
}
