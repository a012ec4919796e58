// A task being edited, in its place. What is saved are the fields; who changes only one of them leaves the others to
// whoever else is at work.

import { LAST_DAY, isDay, readDue, writeDue } from '../dates.js';
import { h, isComposing, setAttribute, setText } from '../dom.js';
import { PRIORITIES } from '../query.js';
import { titleProblem } from '../quick-add.js';
import { tagField } from './tag-field.js';

const MAX_DESCRIPTION = 10_000;

/** A draft is what somebody had written into some of the fields before. */
export function taskEditor(task, { draft, knownTags, onSave, onCancel, onDelete }) {
  const due = readDue(task.due_date);
  const title = h('input', { class: 'edit-title', type: 'text', dir: 'auto', autocomplete: 'off', value: task.title, 'aria-label': 'Title' });
  const description = h('textarea', { rows: '3', dir: 'auto', placeholder: 'Notes', 'aria-label': 'Description' });
  description.value = task.description ?? '';
  // As the fields show it: a browser has its own idea of line breaks, which nobody has written.
  const saved = { title: title.value, description: description.value, ...due, priority: task.priority, tags: task.tags };
  const begun = { ...saved, ...draft };
  title.value = begun.title;
  description.value = begun.description;
  const day = h('input', { type: 'date', value: begun.day, min: '0001-01-01', max: LAST_DAY });
  const time = h('input', { type: 'time', value: begun.time });
  const priority = h('select', {}, PRIORITIES.map((each) => h('option', { value: each, selected: each === begun.priority }, label(each))));
  const tags = tagField(begun.tags, knownTags);
  const problem = h('p', { class: 'problem-text', role: 'alert' });
  const element = h(
    'form',
    { class: 'editor', 'aria-label': `Edit ${task.title}`, novalidate: true, onsubmit: save, onkeydown: onKeyDown },
    title,
    description,
    h(
      'div',
      { class: 'edit-fields' },
      h('label', {}, 'Due', day),
      h('label', {}, 'Time', time),
      h('label', {}, 'Priority', priority),
      tags.element,
    ),
    problem,
    h(
      'div',
      { class: 'edit-actions' },
      h('button', { type: 'submit', class: 'button primary' }, 'Save'),
      h('button', { type: 'button', class: 'button', onclick: onCancel }, 'Cancel'),
      h('button', { type: 'button', class: 'button quiet danger', onclick: onDelete }, 'Delete'),
    ),
  );

  function save(event) {
    event.preventDefault();
    const fields = read();
    const [wrong, field] = findProblem(fields);
    setText(problem, wrong ?? '');
    for (const each of [title, description, day, time]) setAttribute(each, 'aria-invalid', each === field && 'true');
    if (wrong) field?.focus();
    else onSave(changedOnly(fields));
  }

  function read() {
    return {
      title: title.value === saved.title ? task.title : title.value.replace(/[\s\p{Cc}]+/gu, ' ').trim(),
      description: description.value === saved.description ? task.description : notes(),
      priority: priority.value,
      due: { day: day.value, time: time.value },
      tags: tags.read(),
    };
  }

  function notes() {
    const text = description.value.replace(/(?![\n\t])\p{Cc}/gu, '');
    return text.trim() === '' ? null : text;
  }

  function findProblem(fields) {
    const wrong = titleProblem(fields.title);
    if (wrong) return [wrong, title];
    const length = [...(fields.description ?? '')].length;
    if (length > MAX_DESCRIPTION) return [`A description has up to ${MAX_DESCRIPTION.toLocaleString()} characters; this one has ${length.toLocaleString()}.`, description];
    if (day.validity.badInput || (day.value && !isDay(day.value))) return ['This day does not exist.', day];
    if (time.validity.badInput) return ['This time does not exist.', time];
    if (!day.value && time.value) return ['A time needs a day as well.', day];
    return [tags.problem(), tags.input];
  }

  /** Against what was there when editing began: a due date to the second is kept unless it was changed. */
  function changedOnly({ due: { day: newDay, time: newTime }, ...fields }) {
    const isSameDue = newDay === due.day && newTime === due.time;
    const all = { ...fields, due_date: isSameDue ? task.due_date : writeDue(newDay, newTime) };
    return differing(all, task);
  }

  function readDraft() {
    const written = { title: title.value, description: description.value, day: day.value, time: time.value };
    return differing({ ...written, priority: priority.value, tags: tags.written() }, saved);
  }

  function onKeyDown(event) {
    if (isComposing(event)) return;
    if (event.key === 'Escape') {
      event.preventDefault();
      onCancel();
    } else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      element.requestSubmit();
    }
  }

  function focus() {
    title.focus();
    title.setSelectionRange(title.value.length, title.value.length);
    element.scrollIntoView({ block: 'nearest' });
  }

  return { element, focus, draft: readDraft };
}

function differing(fields, from) {
  return Object.fromEntries(Object.entries(fields).filter(([field, value]) => JSON.stringify(value) !== JSON.stringify(from[field])));
}

function label(priority) {
  return priority.charAt(0).toUpperCase() + priority.slice(1);
}
