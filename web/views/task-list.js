// The list on the screen: one row for each task, kept while the list changes around it, and more as one scrolls.

import { describeDay, isOverdue, readDue } from '../dates.js';
import { h, setText } from '../dom.js';
import { taskRow } from './task-row.js';

/** How long a row takes to leave; the style sheet's, in milliseconds. */
const LEAVING = 220;

/** What is said of a list that the server has not told yet, and of which nothing is known here. */
const NOT_LOADED = ['Not loaded yet', 'These tasks are shown when there is a connection again.'];

export function taskList(workspace, { emptyState }) {
  const { list, store, ended } = workspace;
  const items = h('ul', { class: 'tasks', 'aria-label': 'Tasks' });
  const empty = h('div', { class: 'empty', hidden: true });
  const reason = h('p', {});
  const retry = h('button', { type: 'button', class: 'button', onclick: () => workspace.refresh() }, 'Retry');
  const trouble = h('div', { class: 'list-trouble', role: 'alert', hidden: true }, reason, retry);
  const end = h('div', { class: 'list-end' });
  const element = h('section', { class: 'list', 'aria-label': 'Task list' }, items, empty, trouble, end);

  const rows = new Map();
  const headings = new Map();
  let isDue = false;
  let drawnQuery = null;
  let toReveal = null;

  /** Once for all that changes at one moment. */
  function drawSoon() {
    if (isDue) return;
    isDue = true;
    queueMicrotask(() => {
      isDue = false;
      if (!ended.aborted && list.query) draw();
    });
  }

  function draw() {
    const isOther = drawnQuery !== list.query;
    drawnQuery = list.query;
    const tasks = list.tasks;
    const wanted = withHeadings(tasks);
    const focused = focusedRow();
    removeRows(new Set(tasks.map(({ id }) => id)), isOther);
    place(wanted);
    refocus(focused);
    drawState(tasks.length);
    reveal();
  }

  /** A group stays together where days and times are not in the order in which one lives through them. */
  function withHeadings(tasks) {
    const groups = Map.groupBy(tasks, (task) => groupOf(list.query, task));
    for (const [group, element] of headings) {
      if (!groups.has(group)) (element.remove(), headings.delete(group));
    }
    return [...groups].flatMap(([group, members]) => [
      ...(group === null ? [] : [heading(group)]),
      ...members.map((task) => rowOf(task, group).element),
    ]);
  }

  function heading(group) {
    if (!headings.has(group)) headings.set(group, h('li', { class: 'group' }, h('h2', {}, group)));
    return headings.get(group);
  }

  function rowOf(task, group) {
    const row = rows.get(task.id) ?? taskRow(task, workspace, { onClosed: drawSoon });
    rows.set(task.id, row);
    row.update(task, group);
    return row;
  }

  /** Puts what is wanted into its order. What leaves, or is edited and belongs elsewhere by now, stays where it is. */
  function place(wanted) {
    const belongs = new Set(wanted);
    let next = items.firstElementChild;
    for (const element of wanted) {
      while (next && !belongs.has(next)) next = next.nextElementSibling;
      if (next === element) next = next.nextElementSibling;
      else items.insertBefore(element, next);
    }
  }

  function removeRows(ids, atOnce) {
    for (const [id, row] of rows) {
      // What somebody is writing does not go away under their hands.
      if (ids.has(id) || (row.isEdited() && !atOnce)) continue;
      row.keepDraft();
      rows.delete(id);
      if (atOnce || matchMedia('(prefers-reduced-motion: reduce)').matches) row.element.remove();
      else leave(row);
    }
    if (atOnce) for (const element of items.querySelectorAll('.is-leaving')) element.remove();
  }

  /** Shows why it goes, and goes. */
  function leave({ element, update }) {
    const task = store.task(element.dataset.id);
    if (task) update(task);
    element.classList.add('is-leaving');
    element.inert = true;
    setTimeout(() => element.remove(), LEAVING);
  }

  function focusedRow() {
    const element = document.activeElement?.closest?.('.task');
    if (!element || !items.contains(element)) return null;
    const all = visibleRows();
    return { element, index: all.indexOf(element), active: document.activeElement };
  }

  /** Where the row with the focus has gone, the one that took its place has it, or the one before, or the new line. */
  function refocus(focused) {
    if (focused === null) return;
    if (focused.active.isConnected && !focused.element.inert) {
      focused.active.focus({ preventScroll: true }); // a row that was moved has lost it
      return;
    }
    const all = visibleRows();
    const next = all[Math.min(Math.max(focused.index, 0), all.length - 1)];
    if (next) focusRow(next);
    else document.getElementById('new-task')?.focus();
  }

  function visibleRows() {
    return [...items.querySelectorAll('.task:not(.is-leaving)')];
  }

  function focusRow(row) {
    row.querySelector('.check, input')?.focus();
    row.scrollIntoView({ block: 'nearest' });
  }

  function drawState(count) {
    const isEmpty = count === 0 && list.state !== 'loading' && list.state !== 'failed';
    empty.hidden = !isEmpty;
    if (isEmpty) drawEmpty(list.isAnswered ? emptyState() : NOT_LOADED);
    trouble.hidden = list.state !== 'failed';
    if (list.state === 'failed') setText(reason, `The list could not be loaded: ${list.error.message}`);
    items.setAttribute('aria-busy', String(list.state === 'loading'));
    setText(end, list.hasMore ? 'Loading more…' : '');
  }

  /** Where the words differ, so that the focus stays where it is. */
  function drawEmpty([title, text, action = null]) {
    if (empty.firstElementChild?.textContent === title) return;
    empty.replaceChildren(h('p', { class: 'empty-title' }, title), h('p', {}, text), ...(action ? [action] : []));
  }

  function reveal() {
    const element = rows.get(toReveal)?.element;
    toReveal = null;
    if (!element) return;
    element.classList.add('is-new');
    element.addEventListener('animationend', () => element.classList.remove('is-new'), { once: true });
    element.scrollIntoView({ block: 'nearest' });
  }

  const watcher = new IntersectionObserver((entries) => entries.at(-1).isIntersecting && list.more(), { rootMargin: '1200px' });
  list.addEventListener('change', () => {
    drawSoon();
    // Looked at anew, as the end may still be in sight after a page has come.
    watcher.unobserve(end);
    if (list.hasMore) watcher.observe(end);
  });
  store.addEventListener('change', drawSoon);

  return {
    element,

    /** Shows the task when it is drawn, if it belongs here. */
    reveal: (id) => (toReveal = id),

    keepDrafts: () => rows.forEach((row) => row.keepDraft()),

    /** Moves the focus so many rows on. */
    move(steps) {
      const all = visibleRows();
      const at = all.indexOf(document.activeElement?.closest?.('.task'));
      const next = at < 0 ? (steps > 0 ? 0 : all.length - 1) : at + steps;
      if (all[next]) focusRow(all[next]);
    },

    /** Has the row with the focus do something. */
    onFocused(action) {
      const id = document.activeElement?.closest?.('.task')?.dataset.id;
      rows.get(id)?.[action]();
    },
  };
}

/** The heading that a task stands under, where a list is in the order of due dates. */
function groupOf({ view, sort }, task) {
  if (!['all', 'upcoming'].includes(view) || !['', 'due_date,-priority'].includes(sort)) return null;
  if (!task.due_date) return 'No date';
  if (!task.completed && isOverdue(task.due_date)) return 'Overdue';
  return describeDay(readDue(task.due_date).day);
}
