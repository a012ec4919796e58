// What becomes of a change that did not get through: that depends on what was answered, and how often.

import { Refused, Unreachable } from './api.js';

const FIRST_DELAY = 1_000;
const LONGEST_DELAY = 30_000;
/** How often a change is tried that makes the server fail (500). One that is only busy is waited for. */
const MOST_BREAKDOWNS = 4;
/** How often one is tried that something on the way does not let through, such as a filter that objects to a word. */
const MOST_TIMES_TURNED_AWAY = 6;

export class Attempts {
  #failures = 0;
  #breakdowns = 0;
  /** The change that was turned away last, and how often in a row. */
  #turnedAway = { id: null, times: 0 };

  /** Something got through. */
  succeeded() {
    this.#failures = 0;
    this.#breakdowns = 0;
    this.#turnedAway = { id: null, times: 0 };
  }

  /** The next delay is a short one. */
  hurry() {
    this.#failures = Math.min(this.#failures, 1);
  }

  /**
   * What to do about a change after an error: it is `done`, nobody is `signed-out`, it is `refused` (with a `message`
   * and a `code`), or it is tried `later` (after a `pause` in milliseconds, and `trouble` is what to call it).
   */
  judge(change, error) {
    const isTurnedAway = this.#isTurnedAway(change, error);
    if (isTurnedAway) return turnedAway(error);
    if (!(error instanceof Refused)) return this.#later('offline');
    if (happenedBefore(change, error)) return { outcome: 'done' };
    if (error.status === 401 || error.code === 'forbidden') return { outcome: 'signed-out' };
    if (error.status === 500) this.#breakdowns += 1;
    if (error.isTemporary && this.#breakdowns < MOST_BREAKDOWNS) {
      return this.#later('busy', error.retryAfter ? error.pause : undefined);
    }
    this.#breakdowns = 0;
    return { outcome: 'refused', message: error.message, code: error.code };
  }

  /** Whether it was so often that it will not be otherwise. Any other answer begins the count anew. */
  #isTurnedAway({ id }, error) {
    const isSo = error instanceof Unreachable && error.status >= 400 && error.status < 500;
    const before = id === this.#turnedAway.id ? this.#turnedAway.times : 0;
    const times = isSo ? before + 1 : 0;
    const isEnough = times >= MOST_TIMES_TURNED_AWAY;
    this.#turnedAway = { id, times: isEnough ? 0 : times };
    return isEnough;
  }

  #later(trouble, pause = backOff(this.#failures)) {
    this.#failures += 1;
    return { outcome: 'later', trouble, pause };
  }
}

function turnedAway({ status }) {
  const message = `Something on the way to the server does not let this through (status ${status}).`;
  return { outcome: 'refused', message, code: 'turned_away' };
}

/** The key is kept for a day. Later, that the task is there, or is gone, says that this was done. */
function happenedBefore({ kind }, { code }) {
  return (kind === 'create' && code === 'id_taken') || (kind === 'delete' && code === 'not_found');
}

function backOff(failures) {
  return Math.min(FIRST_DELAY * 2 ** failures, LONGEST_DELAY) * (0.75 + Math.random() / 2);
}
