// The tasks as this browser knows them: what the server said last, and on top of it the changes that are on their way.
// Everybody who shows a task reads it here.

import { forget, nameOfTasks, read, write } from './storage.js';

/** How many tasks are kept for the next start. */
const MOST_KEPT = 300;
const KEEP_DELAY = 500;

const BLANK = { description: null, completed: false, completed_at: null, priority: 'none', due_date: null, tags: [], version: 0 };

/** The kinds of changes after which there is a task. */
const WRITES = ['create', 'update', 'restore'];

/** Events: `change` (some task is shown otherwise), `confirmed` (detail: before, after: a task as the server has it). */
export class Store extends EventTarget {
  #name;
  #outbox;
  #known = new Map();
  #gone = new Set();
  #pending = new Map();
  #touched = new Map();
  /** Those that were kept, and of which the server has not said anything since. */
  #unheard = new Set();
  #timer = 0;
  /** Counts what happens here, so that an answer can be told from what came after its request. */
  clock = 0;

  constructor(userId, outbox) {
    super();
    this.#name = nameOfTasks(userId);
    this.#outbox = outbox;
    for (const task of read(this.#name) ?? []) this.#recall(task);
    outbox.addEventListener('change', () => this.#takeChanges());
    this.#takeChanges();
  }

  /** The task as it is to be shown; nothing when it is not there, or is being deleted. */
  task(id) {
    const task = this.#known.get(id);
    const changes = this.#pending.get(id);
    return changes ? changes.reduce(apply, task) : task;
  }

  /** The task as the server has it. */
  confirmedTask(id) {
    return this.#known.get(id);
  }

  isPending(id) {
    return this.#pending.has(id);
  }

  get pendingIds() {
    return [...this.#pending.keys()];
  }

  get knownIds() {
    return [...new Set([...this.#known.keys(), ...this.#pending.keys()])];
  }

  /** The tasks that were changed here since the clock stood there. */
  touchedSince(clock) {
    return [...this.#touched].filter(([, at]) => at > clock).map(([id]) => id);
  }

  /** All tags that were seen, in order. */
  get tags() {
    const tags = new Set(this.knownIds.flatMap((id) => this.task(id)?.tags ?? []));
    return [...tags].sort((a, b) => a.localeCompare(b));
  }

  /** Takes tasks that the server listed. One that was heard of later already is not set back. */
  learn(tasks) {
    for (const task of tasks) {
      if (!this.#gone.has(task.id)) this.#set(task);
    }
    this.#changed();
  }

  /** The server has done a change: the task as it is now, or `null` where it is not told or is gone. */
  confirm({ task: id, kind, body }, task) {
    const before = this.#known.get(id);
    this.#unheard.delete(id);
    this.#touch([id]);
    if (kind === 'delete') {
      this.#gone.add(id);
      this.#known.delete(id);
    } else if (task) {
      this.#gone.delete(id);
      this.#set(task);
    } else {
      this.#known.set(id, apply(before, { kind, task: id, body }));
    }
    this.dispatchEvent(new CustomEvent('confirmed', { detail: { before, after: this.#known.get(id) } }));
    this.#changed();
  }

  /** The server does not have it any more. */
  forget(id) {
    const before = this.#known.get(id);
    this.#known.delete(id);
    this.dispatchEvent(new CustomEvent('confirmed', { detail: { before } }));
    this.#changed();
  }

  /** The server has listed all tasks there are: what it did not name was deleted elsewhere. */
  forgetUnheard() {
    for (const id of this.#unheard) {
      if (!this.isPending(id)) this.#known.delete(id);
    }
    this.#unheard.clear();
    this.#changed();
  }

  /** Keeps what is known for the next start, now. */
  keep() {
    clearTimeout(this.#timer);
    if (!write(this.#name, [...this.#known.values()].slice(-MOST_KEPT))) forget(this.#name);
  }

  /** Keeps nothing any more. */
  close() {
    clearTimeout(this.#timer);
    this.keep = () => {};
  }

  /** Whatever the server says of it counts: a database that was restored has lower versions. */
  #recall(task) {
    this.#known.set(task.id, { ...task, version: 0 });
    this.#unheard.add(task.id);
  }

  #set(task) {
    this.#unheard.delete(task.id);
    const known = this.#known.get(task.id);
    if (known && known.version > task.version) return;
    this.#known.delete(task.id); // the last ones are kept for the next start
    this.#known.set(task.id, task);
  }

  #takeChanges() {
    const before = [...this.#pending.keys()];
    this.#pending = Map.groupBy(this.#outbox.changes, ({ task }) => task);
    this.#touch([...before, ...this.#pending.keys()]);
    this.#changed();
  }

  #touch(ids) {
    this.clock += 1;
    for (const id of ids) this.#touched.set(id, this.clock);
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.keep(), KEEP_DELAY);
  }
}

/** A task after a change, as the server will have it. */
function apply(task, { kind, task: id, body }) {
  const now = new Date().toISOString();
  if (kind === 'delete') return undefined;
  if (kind === 'update' && !task) return undefined;
  if (!WRITES.includes(kind)) return task; // another version of the page has left it here
  const base = task ?? { ...BLANK, id, created_at: now };
  const after = { ...base, updated_at: now };
  for (const [field, value] of Object.entries(body)) after[field] = value ?? BLANK[field];
  after.completed_at = after.completed ? (base.completed_at ?? now) : null;
  return after;
}
