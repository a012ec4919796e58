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

const BRING_BACK = 'Bring it back';

export class Tasks {
  #store;
  #outbox;
  /** How the message is closed that explains a refusal, by the refusal's id. */
  #explained = new Map();
  /** The tasks that turned out to be gone, as they were known last, by id. */
  #lost = new Map();
  /** How the message is closed that offers to bring such a task back, by its id. */
  #offers = new Map();

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

  /**
   * Changes what differs from how the task is, and leaves all else to others. Whether that was possible: it was not
   * where the task is gone. Then it is offered to bring it back as it was `last`, with what was changed.
   */
  update(last, fields, { onBroughtBack }) {
    const task = this.#store.task(last.id);
    if (!task) {
      this.#offerBack(last, fields, onBroughtBack);
      return false;
    }
    const changed = Object.entries(fields).filter(([field, value]) => !isSame(task[field], value));
    if (changed.length === 0) return true;
    this.#outbox.add({ kind: 'update', task: task.id, title: task.title, body: Object.fromEntries(changed) });
    announce(`Saved ${fields.title ?? task.title}`);
    return true;
  }

  /** Once for a task, however often it is saved. */
  #offerBack(last, fields, onBroughtBack) {
    this.#offers.get(last.id)?.();
    const act = () => {
      this.#bringBack(last, fields);
      onBroughtBack();
    };
    this.#offers.set(last.id, showProblem(sayDeleted(last.title), { label: BRING_BACK, act }));
  }

  /** Where the deletion has not been sent yet it is taken back, and where somebody was faster there is less to do. */
  #bringBack(last, fields) {
    const { id } = last;
    const isDeletion = ({ kind, task }) => kind === 'delete' && task === id;
    for (const each of this.#outbox.changes.filter(isDeletion)) this.#outbox.cancel(each.id);
    const task = this.#store.task(id);
    const kind = task ? 'update' : 'restore';
    const body = task ? fields : { ...writable(last), ...fields };
    this.#outbox.add({ kind, task: id, title: body.title ?? last.title, body });
    announce(`Brought back ${body.title ?? last.title}`);
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
    // Somebody may have brought it back in another tab, with what they wrote.
    if (!this.#outbox.cancel(change.id) && !this.#store.task(task.id)) {
      this.#outbox.add({ kind: 'restore', task: task.id, title: task.title, body: writable(task) });
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
    const [change] = refusal.changes;
    const { kind, title } = change;
    const retry = () => this.#outbox.retry(refusal);
    const discard = () => this.#outbox.discard(refusal);
    if (refusal.code === 'not_found') return this.#explainLoss(change, discard);
    const what = { create: 'added', restore: 'brought back', delete: 'deleted' }[kind] ?? 'changed';
    return showProblem(`“${shorten(title)}” could not be ${what}: ${refusal.message}`, { act: retry, onDismiss: discard });
  }

  /** Where the task as it was is not known any more, after a reload, there is nothing to bring back. */
  #explainLoss({ task: id, title, body }, discard) {
    const last = this.#store.confirmedTask(id) ?? this.#lost.get(id);
    this.#store.forget(id);
    if (!last) return showProblem(sayDeleted(title), { onDismiss: discard });
    this.#lost.set(id, last);
    const act = () => (discard(), this.#bringBack(last, body));
    return showProblem(sayDeleted(title), { label: BRING_BACK, act, onDismiss: discard });
  }
}

function writable(task) {
  return Object.fromEntries(WRITABLE.map((field) => [field, task[field]]));
}

function sayDeleted(title) {
  return `“${shorten(title)}” was deleted elsewhere.`;
}

function isSame(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

function shorten(title = '') {
  const characters = [...title];
  return characters.length > 40 ? `${characters.slice(0, 39).join('')}…` : title;
}
