// What can be done to tasks. Each change is on the screen at once, in the outbox before anything else can happen, and
// undone or explained where that is called for.

import { UNDO_TIME, announce, showDone, showProblem } from './toast.js';
import { uuid } from './uuid.js';

/** A little longer than its *Undo* is offered, so that what is undone was never sent. */
const DELETE_DELAY = UNDO_TIME + 1_000;
/** How many refusals are explained at a time, the latest ones; another has its turn when one is gone. */
const MOST_EXPLAINED = 3;

/** The fields that a task is made again from. */
const WRITABLE = ['title', 'description', 'completed', 'priority', 'due_date', 'tags'];

export class Tasks {
  #store;
  #outbox;
  /** How the message is closed that explains a refusal, by the refusal's id. */
  #explained = new Map();

  constructor(store, outbox) {
    this.#store = store;
    this.#outbox = outbox;
    outbox.addEventListener('change', () => this.#explainRefusals());
    this.#explainRefusals();
  }

  /** Gives the id, so that the task can be found on the screen. */
  create(fields) {
    const id = uuid();
    this.#outbox.add({ kind: 'create', task: id, title: fields.title, body: { id, ...fields } });
    announce(`Added ${fields.title}`);
    return id;
  }

  /** Changes what differs from how the task is, and leaves all else to others. */
  update(id, fields) {
    const task = this.#store.task(id);
    if (!task) {
      showProblem(`“${shorten(fields.title)}” was deleted elsewhere.`);
      return;
    }
    const changed = Object.entries(fields).filter(([field, value]) => !isSame(task[field], value));
    if (changed.length === 0) return;
    this.#outbox.add({ kind: 'update', task: id, title: task.title, body: Object.fromEntries(changed) });
    announce(`Saved ${fields.title ?? task.title}`);
  }

  setCompleted(id, completed) {
    const task = this.#store.task(id);
    if (!task || task.completed === completed) return;
    this.#outbox.add({ kind: 'update', task: id, title: task.title, body: { completed } });
    if (completed) showDone(`Completed “${shorten(task.title)}”`, () => this.#reopen(task));
    else announce(`Reopened ${task.title}`);
  }

  #reopen({ id, title }) {
    this.#outbox.add({ kind: 'update', task: id, title, body: { completed: false } });
    announce('Undone');
  }

  /** The server is told later: what it has deleted it could not give back as it was. */
  delete(id) {
    const task = this.#store.task(id);
    if (!task) return;
    const notBefore = Date.now() + DELETE_DELAY;
    const change = this.#outbox.add({ kind: 'delete', task: id, title: task.title, notBefore });
    showDone(`Deleted “${shorten(task.title)}”`, () => this.#undelete(change, task));
  }

  #undelete(change, task) {
    if (!this.#outbox.cancel(change.id)) {
      const body = Object.fromEntries(WRITABLE.map((field) => [field, task[field]]));
      this.#outbox.add({ kind: 'restore', task: task.id, title: task.title, body });
    }
    announce('Undone');
  }

  /** Says why the screen is back to what it was, until that is retried or discarded, here or in another tab. */
  #explainRefusals() {
    const latest = new Map(this.#outbox.refusals.slice(-MOST_EXPLAINED).map((each) => [each.id, each]));
    for (const [id, close] of this.#explained) {
      if (!latest.has(id)) (this.#explained.delete(id), close());
    }
    for (const [id, refusal] of latest) {
      if (!this.#explained.has(id)) this.#explained.set(id, this.#explain(refusal));
    }
  }

  #explain(refusal) {
    const [{ kind, task: id, title }] = refusal.changes;
    const retry = () => this.#outbox.retry(refusal);
    const discard = () => this.#outbox.discard(refusal);
    if (refusal.code === 'not_found') {
      this.#store.forget(id);
      return showProblem(`“${shorten(title)}” was deleted elsewhere.`, null, discard);
    }
    const what = { create: 'added', restore: 'brought back', delete: 'deleted', update: 'changed' }[kind];
    return showProblem(`“${shorten(title)}” could not be ${what}: ${refusal.message}`, retry, discard);
  }
}

function isSame(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

function shorten(title = '') {
  const characters = [...title];
  return characters.length > 40 ? `${characters.slice(0, 39).join('')}…` : title;
}
