// One list: the pages that were loaded of it, and what changed here since then.

import { Unreachable, request, tasksPath } from './api.js';
import { comparison, listParameters, matches } from './query.js';

const PAGE_SIZE = 100;

/** Event: `change`. `state` is `loading`, `ready`, `offline` or `failed` (then `error` says why). */
export class TaskList extends EventTarget {
  #path;
  #store;
  #query = null;
  #request = new AbortController();
  /** The version in which each task was listed, in the server's order; nothing before the first answer. */
  #listed = null;
  #cursor = null;
  #asOf = 0;
  #isLoadingMore = false;
  state = 'loading';
  error = null;

  constructor(userId, store) {
    super();
    this.#path = tasksPath(userId);
    this.#store = store;
  }

  get query() {
    return this.#query;
  }

  /** Whether there is another page, and it is to be asked for: one that could not be had is not, until a refresh. */
  get hasMore() {
    return this.#cursor !== null && this.state === 'ready';
  }

  /** Whether the server has said which tasks these are. */
  get isAnswered() {
    return this.#listed !== null;
  }

  /** Shows another list: at once what is known of it, then what the server says. */
  show(query) {
    this.#query = query;
    this.#listed = null;
    this.#cursor = null;
    this.state = 'loading';
    this.#tell();
    return this.#load(1);
  }

  /** Asks again for all that was loaded. Until the answer is there, what is shown stays. */
  refresh() {
    return this.#load(Math.max(1, Math.ceil((this.#listed?.size ?? 0) / PAGE_SIZE)));
  }

  /** Loads the next page, if there is one. */
  async more() {
    if (!this.hasMore || this.#isLoadingMore) return;
    const { signal } = this.#request;
    const listed = this.#listed;
    this.#isLoadingMore = true;
    try {
      const cursor = await this.#loadPage(listed, this.#cursor, signal);
      // A refresh that began before this has ended meanwhile: it says where to go on.
      if (listed === this.#listed) this.#cursor = cursor;
      this.#finish('ready');
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    } finally {
      this.#isLoadingMore = false;
    }
  }

  close() {
    this.#request.abort();
  }

  /** The tasks to show, in order. */
  get tasks() {
    const store = this.#store;
    const asListed = (id) => !store.isPending(id) && store.confirmedTask(id)?.version === this.#listed.get(id);
    if (this.#listed === null) return this.#ownOpinion(store.knownIds);
    const listed = [...this.#listed.keys()];
    const unchanged = listed.filter(asListed);
    const others = new Set([...listed, ...store.touchedSince(this.#asOf), ...store.pendingIds]);
    for (const id of unchanged) others.delete(id);
    return merge(unchanged.map((id) => store.task(id)), this.#ownOpinion([...others]), comparison(this.#query));
  }

  /** Those of the tasks that belong here by our own rules, in order. */
  #ownOpinion(ids) {
    const now = new Date();
    const tasks = ids.map((id) => this.#store.task(id)).filter((task) => task && matches(this.#query, task, now));
    return tasks.sort(comparison(this.#query));
  }

  async #load(pages) {
    this.#request.abort();
    this.#request = new AbortController();
    const { signal } = this.#request;
    const asOf = this.#store.clock;
    const listed = new Map();
    let cursor = null;
    try {
      do cursor = await this.#loadPage(listed, cursor, signal);
      while (cursor !== null && listed.size < pages * PAGE_SIZE);
      this.#listed = listed;
      this.#cursor = cursor;
      this.#asOf = asOf;
      this.#finish('ready');
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
  }

  /** Gives the cursor of the next page. */
  async #loadPage(listed, cursor, signal) {
    const more = { limit: PAGE_SIZE, ...(cursor === null ? {} : { cursor }) };
    const page = await request('GET', `${this.#path}?${listParameters(this.#query, more)}`, { signal });
    signal.throwIfAborted();
    for (const { id, version } of page.tasks) listed.set(id, version);
    this.#store.learn(page.tasks);
    return page.next_cursor;
  }

  #finish(state) {
    this.state = state;
    this.error = null;
    this.#tell();
  }

  #fail(error) {
    this.state = error instanceof Unreachable ? 'offline' : 'failed';
    this.error = error;
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event('change'));
  }
}

/** Two lists in order as one; the first keeps the order that it has. */
function merge(first, second, compare) {
  const merged = [];
  let at = 0;
  for (const task of second) {
    while (at < first.length && compare(first[at], task) <= 0) merged.push(first[at++]);
    merged.push(task);
  }
  return merged.concat(first.slice(at));
}
