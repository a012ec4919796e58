// How many tasks each view has: as the server counted them, and what changed here since then.

import { request, tasksPath } from './api.js';
import { VIEWS, listParameters, matches, plainQuery } from './query.js';

const QUERIES = Object.keys(VIEWS).map(plainQuery);

/** Event: `change`. */
export class Counts extends EventTarget {
  #path;
  #store;
  #counted = null;
  #isCounting = false;
  #request = new AbortController();
  #changedMeanwhile = false;

  constructor(userId, store) {
    super();
    this.#path = tasksPath(userId);
    this.#store = store;
    store.addEventListener('confirmed', ({ detail }) => this.#adjust(detail));
    store.addEventListener('change', () => this.#tell());
  }

  /** The number of a view, or `null` before it is known. */
  of(view) {
    if (this.#counted === null) return null;
    const query = plainQuery(view);
    const store = this.#store;
    const changes = store.pendingIds.map((id) => difference(query, store.confirmedTask(id), store.task(id)));
    return Math.max(0, changes.reduce((sum, change) => sum + change, this.#counted[view]));
  }

  /** Counts again. */
  async refresh() {
    if (this.#isCounting) return;
    this.#isCounting = true;
    this.#request = new AbortController();
    try {
      do {
        this.#changedMeanwhile = false;
        const numbers = await Promise.all(QUERIES.map((query) => this.#count(query)));
        if (!this.#changedMeanwhile) this.#counted = Object.fromEntries(numbers);
      } while (this.#changedMeanwhile);
    } catch {
      // The list says what is wrong; numbers are only missing, or a little old.
    } finally {
      this.#isCounting = false;
    }
    this.#tell();
  }

  /** Gives up what is being asked. */
  close() {
    this.#request.abort();
  }

  async #count(query) {
    const parameters = listParameters(query, { limit: 1, include: 'total' });
    const { total } = await request('GET', `${this.#path}?${parameters}`, { signal: this.#request.signal });
    return [query.view, total];
  }

  #adjust({ before, after }) {
    this.#changedMeanwhile = true;
    if (this.#counted === null) return;
    for (const query of QUERIES) this.#counted[query.view] += difference(query, before, after);
  }

  #tell() {
    this.dispatchEvent(new Event('change'));
  }
}

function difference(query, before, after) {
  const count = (task) => (task && matches(query, task) ? 1 : 0);
  return count(after) - count(before);
}
