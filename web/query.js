// What a list shows: its address (`#/today?tag=home`), its request, and the same rules for the tasks that this browser
// knows, so that the screen need not wait for the server.

import { addDays, dayOf, isOverdue, readDue, today, zone } from './dates.js';

export const PRIORITIES = ['none', 'low', 'medium', 'high', 'urgent'];

/** The views: what they ask for, in which order, and what a task gets that is added there. */
export const VIEWS = {
  today: { label: 'Today', due: 'today', sort: '-priority,due_date', empty: ['Nothing due today', 'Enjoy it, or plan ahead: add a task above.'] },
  upcoming: { label: 'Upcoming', about: 'The next seven days', due: 'upcoming', sort: 'due_date,-priority', empty: ['The next seven days are free', 'Tasks with a date in the coming week appear here.'] },
  overdue: { label: 'Overdue', about: 'Due before now', due: 'overdue', sort: 'due_date,-priority', empty: ['Nothing is overdue', 'You are on top of things.'] },
  all: { label: 'All', about: 'Everything that is to be done', sort: 'due_date,-priority', empty: ['No tasks yet', 'Write the first one above and press Enter.'] },
  completed: { label: 'Completed', about: 'What you have ticked off', status: 'completed', sort: '-updated', empty: ['Nothing completed yet', 'What you tick off is kept here.'] },
};

/** The orders that can be chosen. The first is the view's own. */
export const SORTS = {
  '': 'Suggested order',
  'due_date,-priority': 'Due date',
  '-priority,due_date': 'Priority',
  title: 'Title',
  '-created': 'Newest first',
  created: 'Oldest first',
  '-updated': 'Last changed',
};

const NOTHING_CHOSEN = { tags: [], priorities: [], q: '', sort: '', done: false };

/** Reads an address; whatever it does not know is left out. */
export function parseAddress(hash) {
  const [path, search = ''] = hash.replace(/^#\/?/, '').split('?');
  const parameters = new URLSearchParams(search);
  const sort = parameters.get('sort') ?? '';
  return {
    view: Object.hasOwn(VIEWS, path) ? path : 'today',
    tags: parameters.getAll('tag').filter((tag) => tag.trim() !== '' && [...tag].length <= 64 && !/\p{Cc}/u.test(tag)),
    priorities: PRIORITIES.filter((priority) => parameters.getAll('priority').includes(priority)),
    q: parameters.get('q') ?? '',
    sort: Object.hasOwn(SORTS, sort) ? sort : '',
    done: parameters.get('done') === '1' && hasOpenAndDone(path),
  };
}

export function writeAddress({ view, tags, priorities, q, sort, done }) {
  const parameters = new URLSearchParams();
  for (const tag of tags) parameters.append('tag', tag);
  for (const priority of priorities) parameters.append('priority', priority);
  if (q) parameters.set('q', q);
  if (sort) parameters.set('sort', sort);
  if (done) parameters.set('done', '1');
  const search = parameters.toString();
  return `#/${view}${search && `?${search}`}`;
}

/** A view with nothing filtered. */
export function plainQuery(view) {
  return { ...NOTHING_CHOSEN, view };
}

export function isFiltered({ tags, priorities, q }) {
  return tags.length > 0 || priorities.length > 0 || q.trim() !== '';
}

/** Whether completed tasks can be shown beside the open ones. */
export function hasOpenAndDone(view) {
  return ['all', 'today', 'upcoming'].includes(view);
}

/** The parameters of `GET /api/{user_id}/tasks`. */
export function listParameters(query, more = {}) {
  const { due } = VIEWS[query.view];
  const parameters = new URLSearchParams({ status: statusOf(query), tz: zone, sort: sortOf(query), ...more });
  if (due) parameters.set('due', due);
  if (query.priorities.length > 0) parameters.set('priority', query.priorities.join(','));
  for (const tag of query.tags) parameters.append('tag', tag);
  const words = query.q.trim().split(/\s+/).slice(0, 10).join(' ');
  if (words) parameters.set('q', words);
  return parameters;
}

function statusOf({ view, done }) {
  return VIEWS[view].status ?? (done ? 'all' : 'pending');
}

function sortOf({ view, sort }) {
  return sort || VIEWS[view].sort;
}

/** What a task gets that is added here, so that it is seen here. */
export function defaultsFor({ view, tags, priorities }) {
  const due = { today: today(), upcoming: addDays(today(), 1) }[view] ?? null;
  const priority = priorities.length === 1 && priorities[0] !== 'none' ? priorities[0] : null;
  return { due_date: due, priority, tags };
}

/** Whether a task belongs into the list, by the rules of the API. */
export function matches(query, task, now = new Date()) {
  const status = statusOf(query);
  return (
    (status === 'all' || task.completed === (status === 'completed')) &&
    isDueAsAsked(VIEWS[query.view].due, task, now) &&
    (query.priorities.length === 0 || query.priorities.includes(task.priority)) &&
    query.tags.every((tag) => task.tags.includes(tag)) &&
    hasWords(task, query.q)
  );
}

function isDueAsAsked(due, task, now) {
  if (!due) return true;
  if (!task.due_date) return false;
  if (due === 'overdue') return !task.completed && isOverdue(task.due_date, now);
  const { day } = readDue(task.due_date);
  const first = dayOf(now);
  return due === 'today' ? day === first : day > first && day <= addDays(first, 7);
}

function hasWords({ title, description }, q) {
  const words = fold(q).split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const text = fold(`${title}\n${description ?? ''}`);
  return words.every((word) => text.includes(word));
}

function fold(text) {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

const KEYS = {
  created: (task) => task.created_at,
  updated: (task) => task.updated_at,
  title: (task) => fold(task.title),
  due_date: (task) => dueInstant(task.due_date),
  priority: (task) => PRIORITIES.indexOf(task.priority),
};

/** The API keeps a day as its midnight in UTC, and sorts by that. */
function dueInstant(due) {
  return due ? Date.parse(due) : null;
}

/** The order of a list, for `Array.sort`. */
export function comparison(query) {
  const keys = sortOf(query).split(',').map((key) => [KEYS[key.replace('-', '')], key.startsWith('-') ? -1 : 1]);
  return (a, b) => {
    for (const [key, sign] of keys) {
      const [one, other] = [key(a), key(b)];
      if (one === other) continue;
      if (one === null || other === null) return one === null ? 1 : -1;
      return one < other ? -sign : sign;
    }
    const last = keys.at(-1)[1];
    return a.id === b.id ? 0 : (a.id < b.id ? -last : last);
  };
}
