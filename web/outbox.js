// The changes that have not reached the server yet, in the order in which they were made. Each is kept under a name of
// its own in this browser before anything else happens, so that closing the tab loses none, and two tabs never write
// over each other. It is sent with its id as `Idempotency-Key` until the server has answered, so that it happens once.
// One that the server refused stays as well, marked with the reason, until somebody retries or discards it.

import { Refused, request, tasksPath } from './api.js';
import { Attempts } from './attempts.js';
import { forget, forgetTasksOf, names, read, write } from './storage.js';
import { uuid } from './uuid.js';

/** How long to wait at the most before looking again what is due: a clock may be set. */
const LONGEST_SLEEP = 60_000;
/** How many refusals are kept: with the longest descriptions, less than half of the five megabytes that there are. */
const MOST_REFUSALS = 100;

/**
 * A change is `{ id, kind, task, title, body, notBefore, sent, refusal }`; its kind is one of these. `task` is the id
 * of the task, and `title` what it was called. A `refusal` is `{ id, message, code }`, with the id of the change that
 * the server refused: what depended on that is marked with the same one.
 * Events: `change` (the outbox is another; detail: `here` or `elsewhere`), `done` (detail: the change and the task as
 * the server has it, or `null`), `signed-out`, `trouble` (it begins or ends).
 */
const ROUTES = {
  create: ({ body }, tasks) => ['POST', tasks, body],
  update: ({ task, body }, tasks) => ['PATCH', `${tasks}/${task}`, body],
  delete: ({ task }, tasks) => ['DELETE', `${tasks}/${task}`],
  restore: ({ task, body }, tasks) => ['PUT', `${tasks}/${task}`, body],
};

export class Outbox extends EventTarget {
  #userId;
  #prefix;
  #tasks;
  #changes = new Map();
  #volatile = new Set();
  /** Those that were made in this tab. */
  #own = new Set();
  /** What was sent last in this tab, where the browser has no locks. */
  #running = Promise.resolve();
  #timer = 0;
  #attempts = new Attempts();
  #waiting = null;
  #isClosed = false;
  /** Why nothing is getting through: `offline`, `busy`, or `null`. */
  trouble = null;

  constructor(userId) {
    super();
    this.#userId = userId;
    this.#prefix = `${userId}:change:`;
    this.#tasks = tasksPath(userId);
    this.reload();
  }

  /** Those that are on their way, the oldest first. */
  get changes() {
    return [...this.#changes.values()].filter(({ refusal }) => !refusal);
  }

  /** What the server refused, the oldest first: `{ id, message, code, changes }`. */
  get refusals() {
    const refused = [...this.#changes.values()].filter(({ refusal }) => refusal);
    const groups = Map.groupBy(refused, ({ refusal }) => refusal.id);
    return [...groups.values()].map((changes) => ({ ...changes[0].refusal, changes }));
  }

  /** How many changes the server does not have: those on their way, and those that it refused. */
  get size() {
    return this.#changes.size;
  }

  /** Reads again what is kept: another tab has added or sent something. */
  reload() {
    const kept = names(this.#prefix).map((name) => read(name)).filter(Boolean);
    const here = [...this.#changes.values()].filter((change) => this.#volatile.has(change.id));
    const all = new Map([...kept, ...here].map((change) => [change.id, change]));
    this.#changes = new Map([...all].sort(([a], [b]) => (a < b ? -1 : 1)));
    this.#tell('change', 'elsewhere');
  }

  /** Takes a change, to be sent at once, or not before a time. Gives it back with its id. */
  add({ kind, task, title, body, notBefore = 0 }) {
    const newest = [...this.#changes.keys()].at(-1) ?? null;
    const change = { id: uuid(newest), kind, task, title, body, notBefore, sent: false };
    this.#own.add(change.id);
    this.#keep(change);
    this.#tell('change', 'here');
    this.drain();
    return change;
  }

  /** Sends again what was refused, under the ids that it had: the server keeps no key of what it refuses. */
  retry({ changes }) {
    for (const change of changes) {
      this.#own.add(change.id);
      this.#keep({ ...change, notBefore: 0, refusal: undefined });
    }
    this.#tell('change', 'here');
    this.drain();
  }

  discard({ changes }) {
    this.#drop(changes);
  }

  /** Takes a change back. Whether that was still possible: what was sent may have happened. */
  cancel(id) {
    const kept = this.#volatile.has(id) ? this.#changes.get(id) : read(this.#prefix + id);
    if (!kept || kept.sent) return false;
    this.#drop([kept]);
    return true;
  }

  #keep(change) {
    this.#changes.set(change.id, change);
    const isKept = () => write(this.#prefix + change.id, change);
    // Where there is no room, the tasks that are kept for the next start make some.
    if (isKept() || (forgetTasksOf(this.#userId), isKept())) this.#volatile.delete(change.id);
    else this.#volatile.add(change.id);
  }

  /** Whether changes would be lost with this tab: the browser keeps nothing, or has no room. */
  get isAtRisk() {
    return this.#volatile.size > 0;
  }

  #drop(changes) {
    for (const { id } of changes) {
      this.#changes.delete(id);
      this.#volatile.delete(id);
      this.#own.delete(id);
      forget(this.#prefix + id);
    }
    this.#tell('change', 'here');
  }

  /** Sends what is due. One tab at a time does so; where the browser has no locks, the ids keep each change single. */
  drain() {
    if (this.#isClosed) return Promise.resolve();
    const run = () => {
      this.#waiting = null;
      return this.#sendAll();
    };
    this.#waiting ??= this.#inTurn(run);
    return this.#waiting;
  }

  #inTurn(run) {
    const sent = navigator.locks ? navigator.locks.request(`duly:${this.#prefix}`, run) : this.#afterTheLast(run);
    // Where it never had its turn, the next one need not wait for it.
    const waiting = sent.finally(() => this.#waiting === waiting && (this.#waiting = null));
    return waiting;
  }

  #afterTheLast(run) {
    this.#running = this.#running.then(run, run);
    return this.#running;
  }

  /** Sends everything now, also what waits for its time. Whether all of it has arrived. */
  async finish() {
    for (const change of this.changes) this.#keep({ ...change, notBefore: 0 });
    await this.drain();
    return this.size === 0;
  }

  /** Sends without waiting for the delay: the connection is back, or somebody looks. */
  retryNow() {
    this.#attempts.hurry();
    this.drain();
  }

  /**
   * The page is about to go: what was done here and waits for its time goes out now, in requests that outlive the page.
   * So does what is kept nowhere.
   */
  flush() {
    const isLeft = ({ id, notBefore }) => (notBefore > Date.now() && this.#own.has(id)) || this.#volatile.has(id);
    for (const change of this.changes.filter((each) => !each.sent && isLeft(each))) {
      this.#keep({ ...change, notBefore: 0, sent: true });
      this.#send(change, true).catch(() => {});
    }
  }

  close() {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #sendAll() {
    clearTimeout(this.#timer);
    this.reload();
    for (let next = this.#next(); next && !this.#isClosed; next = this.#next()) {
      if (this.#wasTakenBack(next)) continue;
      this.#keep({ ...next, sent: true });
      if (!(await this.#deliver(next))) return;
    }
    // Another tab may have sent what this one could not.
    this.#setTrouble(null);
    const times = this.changes.map(({ notBefore }) => notBefore);
    if (times.length > 0 && !this.#isClosed) this.#later(Math.min(...times) - Date.now());
  }

  #next() {
    return this.changes.find(({ notBefore }) => notBefore <= Date.now());
  }

  /** Another tab may have done so, and its word not have come yet. */
  #wasTakenBack(change) {
    if (this.#volatile.has(change.id) || read(this.#prefix + change.id)) return false;
    this.#drop([change]);
    return true;
  }

  /** Whether to go on with the next one. */
  async #deliver(change) {
    try {
      const task = await this.#send(change);
      this.#succeeded(change, task);
      return true;
    } catch (error) {
      return this.#hasFailed(change, error);
    }
  }

  async #send(change, keepalive = false) {
    // A later version of the page may have left it here.
    if (!Object.hasOwn(ROUTES, change.kind)) throw new Refused('This version of the page cannot send it.', { status: 0, code: 'unknown_kind' });
    const [method, path, body] = ROUTES[change.kind](change, this.#tasks);
    return request(method, path, { body, key: change.id, keepalive });
  }

  #succeeded(change, task) {
    this.#attempts.succeeded();
    this.#setTrouble(null);
    this.#tell('done', { change, task });
    this.#drop([change]);
  }

  #hasFailed(change, error) {
    const verdict = this.#attempts.judge(change, error);
    switch (verdict.outcome) {
      case 'done':
        this.#succeeded(change, null);
        return true;
      case 'refused':
        this.#setTrouble(null);
        this.#refused(change, verdict);
        return true;
      case 'signed-out':
        this.#tell('signed-out');
        return false;
      default:
        this.#setTrouble(verdict.trouble);
        this.#later(verdict.pause);
        return false;
    }
  }

  /** What was changed of a task that could not even be made waits with it. After the end there is nothing to mark. */
  #refused(change, { message, code }) {
    if (this.#isClosed) return;
    const refusal = { id: change.id, message, code };
    const isMaking = change.kind === 'create';
    const refused = this.changes.filter(({ id, task }) => id === change.id || (isMaking && task === change.task));
    for (const each of refused) this.#keep({ ...each, sent: false, refusal });
    for (const oldest of this.refusals.slice(0, -MOST_REFUSALS)) this.discard(oldest);
    this.#tell('change', 'here');
  }

  #later(milliseconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.drain(), Math.min(Math.max(milliseconds, 0), LONGEST_SLEEP));
  }

  #setTrouble(trouble) {
    if (this.trouble === trouble) return;
    this.trouble = trouble;
    this.#tell('trouble');
  }

  #tell(type, detail = null) {
    if (!this.#isClosed) this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
