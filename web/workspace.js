// Everything that belongs to somebody who is signed in, and when it is brought up to date.

import { request, tasksPath } from './api.js';
import { Counts } from './counts.js';
import { TaskList } from './list.js';
import { Outbox } from './outbox.js';
import { getSession } from './session.js';
import { forgetAllOf } from './storage.js';
import { Store } from './store.js';
import { Tasks } from './tasks.js';

/** Looking at the page asks the server again, but not more often than this; in milliseconds. */
const FRESH_FOR = 3_000;
/** How often the page asks by itself while somebody looks at it. */
const REFRESH_EVERY = 60_000;
/** How often the session is asked for, which is what makes it last: it ends a week after that at the earliest. */
const EXTEND_EVERY = 24 * 60 * 60 * 1000;

/** How many pages of all tasks are looked at, so that tags are known, and other views at once. */
const PAGES_TO_KNOW = 3;

/** Event: `signed-out`, when the server says that this is nobody's session, or another's. */
export class Workspace extends EventTarget {
  #channel;
  #refreshedAt = 0;
  #extendedAt = Date.now();
  #ending = new AbortController();

  constructor(user) {
    super();
    this.user = user;
    this.outbox = new Outbox(user.id);
    this.store = new Store(user.id, this.outbox);
    this.tasks = new Tasks(this.store, this.outbox);
    this.list = new TaskList(user.id, this.store);
    this.counts = new Counts(user.id, this.store);
    this.#channel = new BroadcastChannel(`duly:${user.id}`);
    this.#listen();
    this.#watch();
    this.outbox.drain();
  }

  /** A signal for listeners that end with it. */
  get ended() {
    return this.#ending.signal;
  }

  /** Asks the server again, for what other devices may have changed. */
  refresh() {
    this.#refreshedAt = Date.now();
    return Promise.all([this.list.refresh(), this.counts.refresh()]);
  }

  /** Gets to know the tasks that were changed last, whatever view is open. */
  async getAcquainted() {
    const parameters = new URLSearchParams({ sort: '-updated', limit: '100' });
    try {
      for (let pages = 0; pages < PAGES_TO_KNOW; pages += 1) {
        const { tasks, next_cursor: cursor } = await request('GET', `${tasksPath(this.user.id)}?${parameters}`, { signal: this.ended });
        this.store.learn(tasks);
        if (cursor === null) return this.store.forgetUnheard();
        parameters.set('cursor', cursor);
      }
    } catch {
      // Then less is known for now; the list says what is wrong.
    }
  }

  /** Gives up what is being asked, until it is refreshed. */
  rest() {
    this.list.close();
    this.counts.close();
  }

  /** Ends it. What is kept in this browser stays for the next time. */
  close() {
    this.#ending.abort();
    this.outbox.close();
    this.store.close();
    this.rest();
    this.#channel.close();
  }

  /** Ends it, and leaves nothing behind. Gives what puts back all that was kept. */
  clear() {
    this.close();
    return forgetAllOf(this.user.id);
  }

  #listen() {
    const { outbox, store, list } = this;
    outbox.addEventListener('change', ({ detail }) => detail === 'here' && this.#tellTabs({}));
    outbox.addEventListener('done', ({ detail }) => {
      store.confirm(detail.change, detail.task);
      store.keep();
      this.#tellTabs(detail);
    });
    outbox.addEventListener('trouble', () => outbox.trouble === null && !this.ended.aborted && this.refresh());
    outbox.addEventListener('signed-out', () => this.#signedOut());
    list.addEventListener('change', () => {
      const { status, code } = list.error ?? {};
      if (status === 401 || code === 'forbidden') this.#signedOut();
    });
    this.#channel.addEventListener('message', ({ data: { change, task } }) => {
      if (change) store.confirm(change, task);
      outbox.reload();
      outbox.drain();
    });
  }

  #watch() {
    const { signal } = this.#ending;
    const look = () => {
      if (document.visibilityState !== 'visible') return;
      this.outbox.retryNow();
      if (isOver(this.#refreshedAt, FRESH_FOR)) this.refresh();
      if (isOver(this.#extendedAt, EXTEND_EVERY)) this.#extend();
    };
    const returned = () => {
      this.outbox.retryNow();
      this.refresh();
    };
    addEventListener('focus', look, { signal });
    document.addEventListener('visibilitychange', look, { signal });
    addEventListener('online', returned, { signal });
    addEventListener('pagehide', () => (this.store.keep(), this.outbox.flush()), { signal });
    addEventListener('beforeunload', (event) => this.outbox.isAtRisk && event.preventDefault(), { signal });
    const timer = setInterval(look, REFRESH_EVERY);
    signal.addEventListener('abort', () => clearInterval(timer));
  }

  /** Whose session it is, the lists find out. */
  #extend() {
    this.#extendedAt = Date.now();
    getSession().catch(() => {});
  }

  /** An answer may still come when this has ended. */
  #tellTabs(message) {
    if (!this.ended.aborted) this.#channel.postMessage(message);
  }

  #signedOut() {
    if (this.ended.aborted) return;
    this.dispatchEvent(new Event('signed-out'));
  }
}

/** Whether so many milliseconds have gone by since; a clock that was set back counts as well. */
function isOver(since, milliseconds) {
  return Math.abs(Date.now() - since) > milliseconds;
}
