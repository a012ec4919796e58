// Elements from JavaScript. Text is only ever set as text, so what people write cannot become markup.

const SVG = 'http://www.w3.org/2000/svg';

/**
 * An element: `h('button', { class: 'quiet', onclick: save }, 'Save')`. What begins with `on` is a listener; `true`
 * sets an attribute without a value, `false`, `null` and `undefined` leave it out. Children that are none are skipped.
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else setAttribute(element, name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function setAttribute(element, name, value) {
  if (value === false || value === null || value === undefined) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? '' : value);
}

/** Sets the text where it differs, so that nothing is drawn or read out again without need. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Drawn for a square of 24, with round lines of the text's colour. */
const ICONS = {
  add: 'M12 5v14M5 12h14',
  all: 'M9 6h11M9 12h11M9 18h11M4.5 6h.01M4.5 12h.01M4.5 18h.01',
  close: 'M6 6l12 12M18 6L6 18',
  completed: 'M21 12a9 9 0 1 1-5-8.1M8.5 11.5l3.2 3.2L21 5.5',
  edit: 'M4 20l.8-4L16 4.8a1.7 1.7 0 0 1 2.4 0l.8.8a1.7 1.7 0 0 1 0 2.4L8 19.2 4 20z',
  filter: 'M4 6h16M7 12h10M10 18h4',
  flag: 'M5 21V4.5c5-2.5 9 2.5 14 0v9c-5 2.5-9-2.5-14 0',
  keys: 'M3 7.5A1.5 1.5 0 0 1 4.5 6h15A1.5 1.5 0 0 1 21 7.5v9a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 16.5zM7 10h.01M12 10h.01M17 10h.01M8 14h8',
  note: 'M5 7h14M5 12h14M5 17h8',
  overdue: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3 2',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5c.8-3.6 3.8-5.5 7.5-5.5s6.7 1.9 7.5 5.5',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l4.5 4.5',
  tag: 'M4 5.5V11a2 2 0 0 0 .6 1.4l7 7a2 2 0 0 0 2.8 0l5-5a2 2 0 0 0 0-2.8l-7-7A2 2 0 0 0 11 4H5.5A1.5 1.5 0 0 0 4 5.5zM8.5 8.5h.01',
  today: 'M12 16.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM12 2.5v1M12 20.5v1M2.5 12h1M20.5 12h1M5.3 5.3l.7.7M18 18l.7.7M18.7 5.3l-.7.7M6 18l-.7.7',
  trash: 'M4 7h16M9.5 7V5.5A1.5 1.5 0 0 1 11 4h2a1.5 1.5 0 0 1 1.5 1.5V7M6.5 7l.8 11.6A1.5 1.5 0 0 0 8.8 20h6.4a1.5 1.5 0 0 0 1.5-1.4L17.5 7',
  upcoming: 'M4 9.5h16M8 3.5V7M16 3.5V7M5.5 5.5h13A1.5 1.5 0 0 1 20 7v11.5a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 18.5V7a1.5 1.5 0 0 1 1.5-1.5z',
};

/** A picture beside words that say the same. */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(path);
  return svg;
}

/** A button that is only a picture; its name is read out, and shown to who points at it. */
export function iconButton(name, label, onclick, attributes = {}) {
  return h('button', { type: 'button', class: 'icon-button', 'aria-label': label, title: label, onclick, ...attributes }, icon(name));
}

/** Whether a key belongs to an input method, by which somebody is writing a word. Safari only says so by the number. */
export function isComposing(event) {
  return event.isComposing || event.keyCode === 229;
}
