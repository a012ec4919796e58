// One view of the tasks: its name, the line to add one, what is searched for and filtered, and the list.

import { describeDayInFull, hasMoved, today, zone } from '../dates.js';
import { h, setText } from '../dom.js';
import { VIEWS, isFiltered, plainQuery, writeAddress } from '../query.js';
import { drafts, nameOfDraft } from '../storage.js';
import { quickAdd } from './quick-add.js';
import { statusNotice } from './status.js';
import { taskList } from './task-list.js';
import { toolbar } from './toolbar.js';

export function tasksView(workspace, { onFilters, onTyped }) {
  const { tasks, list, user, ended } = workspace;
  const nameOfLine = nameOfDraft(user.id, 'new');
  const title = h('h1', {});
  const subtitle = h('p', { class: 'subtitle' });
  const add = quickAdd(onAdd, { draft: drafts.read(nameOfLine) ?? '' });
  const bar = toolbar(workspace, { onFilters, onQuery: go });
  const rows = taskList(workspace, { emptyState });
  const element = h(
    'div',
    { class: 'tasks-view' },
    h('header', { class: 'view-header' }, h('div', {}, title, subtitle), statusNotice(workspace)),
    add.element,
    bar.element,
    rows.element,
  );
  let query = null;
  let drawnAt = null;

  /** Typing replaces the address, so that Back leads out of a search and not through its letters. */
  function go(next, { isTyping = false } = {}) {
    const address = writeAddress(next);
    if (!isTyping) {
      location.hash = address;
      return;
    }
    history.replaceState(null, '', address);
    show(next);
    onTyped(next);
  }

  function show(next) {
    const isSame = query !== null && writeAddress(query) === writeAddress(next) && drawnAt === whereAndWhen();
    if (isSame) {
      bar.setQuery(next);
      return;
    }
    query = next;
    drawnAt = whereAndWhen();
    const { label } = VIEWS[query.view];
    setText(title, label);
    setText(subtitle, query.view === 'today' ? describeDayInFull(today()) : VIEWS[query.view].about);
    document.title = `${label} · duly`;
    add.setQuery(query);
    bar.setQuery(query);
    list.show(query);
  }

  function onAdd(fields) {
    rows.reveal(tasks.create(fields));
    drafts.forget(nameOfLine);
  }

  /** The button goes away; who pressed it goes on in the list. */
  function startAgain() {
    document.getElementById('main').focus();
    go(plainQuery(query.view));
  }

  function emptyState() {
    if (isFiltered(query)) {
      const clear = h('button', { type: 'button', class: 'button', onclick: startAgain }, 'Clear search and filters');
      return ['No task matches', 'Try fewer words or filters.', clear];
    }
    return VIEWS[query.view].empty;
  }

  /** A page that is not looked at may be thrown out by the browser without another word. */
  function keepDrafts() {
    if (add.draft().trim() === '') drafts.forget(nameOfLine);
    else drafts.write(nameOfLine, add.draft());
    rows.keepDrafts();
  }

  ended.addEventListener('abort', keepDrafts);
  addEventListener('pagehide', keepDrafts, { signal: ended });
  document.addEventListener('visibilitychange', () => document.visibilityState === 'hidden' && keepDrafts(), { signal: ended });

  // A page that stays open over midnight shows the new day, and one that has travelled the day there.
  list.addEventListener('change', () => (hasMoved(), query && drawnAt !== whereAndWhen() && show(query)));

  return {
    element,
    show,
    focusAdd: add.focus,
    focusSearch: bar.focusSearch,
    searchNow: bar.searchNow,
    move: rows.move,
    onFocused: rows.onFocused,
  };
}

/** What the tasks of a day depend on. */
function whereAndWhen() {
  return `${today()} ${zone}`;
}
