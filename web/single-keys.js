// Whether a single letter, digit or sign is a command, in this browser. Who speaks to a computer, or hits keys without
// wanting to, can do without (WCAG 2.1.4).

import { forget, read, write } from './storage.js';

const OFF = 'single-keys-off';

export function hasSingleKeys() {
  return read(OFF) !== true;
}

export function setSingleKeys(isOn) {
  if (isOn) forget(OFF);
  else write(OFF, true);
}
