// What can be done to tasks. Each change is on the screen at once, in the outbox before anything else can happen, and
// undone or explained where that is called for.

import { UNDO_TIME, announce, showDone, showProblem } from './toast.js';
import { uuid } from './uuid.js';

/** A little longer than its *Undo* is offered, so that what is undone was never sent. */
const DELETE_DELAY = UNDO_TIME + 1_000;

/** The fields that a task is made again from. */
const WRITABLE = ['title', 'description', 'completed', 'priority', 'due_date', 'tags'];

export class Tasks {
  #store;
  #outbox;

  constructor(store, outbox) {
    this.#store = store;
    this.#outbox = outbox;
  }

  /** Gives the id, so that the task can be found on the screen. */
  create(fields) {
    const id = uuid();
    this.#outbox.add({ kind: 'create', task: id, body: { id, ...fields } });
    announce(`Added ${fields.title}`);
    return id;
  }

  /** Changes what differs from how the task is, and leaves all else to others. */
  update(id, fields) {
    const task = this.#store.task(id);
    if (!task) {
      showProblem(`“${shorten(fields.title ?? '')}” was deleted elsewhere.`);
      return;
    }
    const changed = Object.entries(fields).filter(([field, value]) => !isSame(task[field], value));
    if (changed.length === 0) return;
    this.#outbox.add({ kind: 'update', task: id, body: Object.fromEntries(changed) });
    announce(`Saved ${fields.title ?? task.title}`);
  }

  setCompleted(id, completed) {
    const task = this.#store.task(id);
    if (!task || task.completed === completed) return;
    this.#outbox.add({ kind: 'update', task: id, body: { completed } });
    if (completed) showDone(`Completed “${shorten(task.title)}”`, () => this.#reopen(id));
    else announce(`Reopened ${task.title}`);
  }

  #reopen(id) {
    this.#outbox.add({ kind: 'update', task: id, body: { completed: false } });
    announce('Undone');
  }

  /** The server is told later: what it has deleted it could not give back as it was. */
  delete(id) {
    const task = this.#store.task(id);
    if (!task) return;
    const change = this.#outbox.add({ kind: 'delete', task: id, notBefore: Date.now() + DELETE_DELAY });
    showDone(`Deleted “${shorten(task.title)}”`, () => this.#undelete(change, task));
  }

  #undelete(change, task) {
    if (!this.#outbox.cancel(change.id)) {
      const body = Object.fromEntries(WRITABLE.map((field) => [field, task[field]]));
      this.#outbox.add({ kind: 'restore', task: task.id, body });
    }
    announce('Undone');
  }

  /** Changes that the server refused: the screen is back to what it was, and this says why. */
  explainFailure({ changes, error }) {
    const [{ kind, task: id, body }] = changes;
    const title = shorten(this.#store.task(id)?.title ?? body?.title ?? '');
    if (error.code === 'not_found') {
      this.#store.forget(id);
      showProblem(`“${title}” was deleted elsewhere.`);
      return;
    }
    const what = { create: 'added', restore: 'brought back', delete: 'deleted', update: 'changed' }[kind];
    showProblem(`“${title}” could not be ${what}: ${error.message}`, () => this.#outbox.addAgain(changes));
  }
}

function isSame(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

function shorten(title) {
  const characters = [...title];
  return characters.length > 40 ? `${characters.slice(0, 39).join('')}…` : title;
}
