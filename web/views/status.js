// Whether changes have arrived, said quietly: nothing while all is well.

import { h, setText } from '../dom.js';

/** Shorter than this, nobody needs to know, in milliseconds. */
const SOON = 1_500;

export function statusNotice({ outbox, list, ended }) {
  const element = h('p', { class: 'status', role: 'status' });
  let timer = 0;
  let isSlow = false;

  function draw() {
    const waiting = outbox.changes.filter(({ notBefore }) => notBefore <= Date.now()).length;
    if (waiting === 0) {
      clearTimeout(timer);
      timer = 0;
      isSlow = false;
    } else if (timer === 0) {
      timer = setTimeout(() => ((isSlow = true), draw()), SOON);
    }
    const text = describe(waiting);
    element.hidden = text === '';
    setText(element, text);
  }

  function describe(waiting) {
    const changes = waiting === 1 ? '1 change waits' : `${waiting} changes wait`;
    const isOffline = outbox.trouble === 'offline' || list.state === 'offline' || !navigator.onLine;
    if (isOffline) return waiting > 0 ? `Offline · ${changes}` : 'Offline';
    if (outbox.trouble === 'busy') return `The server is busy · ${changes}`;
    return isSlow && waiting > 0 ? 'Saving…' : '';
  }

  for (const type of ['change', 'trouble']) outbox.addEventListener(type, draw);
  list.addEventListener('change', draw);
  for (const type of ['online', 'offline']) addEventListener(type, draw, { signal: ended });
  draw();
  return element;
}
