// The views with their counts, and what a list can be filtered by. On a small screen the views are a bar at the bottom,
// and the filters a sheet that is opened over it.

import { h, icon, iconButton, isComposing, setAttribute, setText } from '../dom.js';
import { PRIORITIES, VIEWS, plainQuery, writeAddress } from '../query.js';

const PRIORITY_LABELS = { urgent: 'Urgent', high: 'High', medium: 'Medium', low: 'Low', none: 'None' };

export function sidebar({ store, counts, user, ended }, { onHelp, onChoose }) {
  let query = null;
  let opener = null;

  const links = Object.entries(VIEWS).map(([view, { label }]) => viewLink(view, label));
  const nav = h('nav', { class: 'views', 'aria-label': 'Views' }, h('ul', {}, links.map(({ element }) => h('li', {}, element))));
  const priorities = choices((priority) => [h('span', { class: `dot priority-${priority}` }), PRIORITY_LABELS[priority]], toggle('priorities'));
  const tags = choices((tag) => [icon('tag'), h('span', { class: 'tag-name', dir: 'auto' }, tag)], toggle('tags'));
  const noTags = h('p', { class: 'hint' }, 'Write #tag in a task to sort it here.');
  const filters = h(
    'section',
    { id: 'filters', class: 'filters', 'aria-label': 'Filters' },
    iconButton('close', 'Close filters', () => closeFilters(), { class: 'icon-button close-filters' }),
    h('h2', {}, 'Priority'),
    priorities.element,
    h('h2', {}, 'Tags'),
    tags.element,
    noTags,
  );
  const account = h('a', { class: 'account-link', href: '#/account' }, icon('person'), h('span', { class: 'name', dir: 'auto' }, user.name || user.email));
  const foot = h('div', { class: 'foot' }, account, iconButton('keys', 'Keyboard shortcuts', onHelp, { class: 'icon-button help-button' }));
  const element = h('header', { class: 'side' }, h('a', { class: 'brand', href: '#/today' }, 'duly'), nav, filters, foot);

  const isOutside = ({ target }) => !filters.contains(target) && !opener?.contains(target);
  document.addEventListener('pointerdown', (event) => isOutside(event) && closeFilters(), { signal: ended });
  document.addEventListener('keydown', (event) => event.key === 'Escape' && !isComposing(event) && closeFilters(), { signal: ended });
  counts.addEventListener('change', drawCounts);
  store.addEventListener('change', drawTags);

  function chosen() {
    return query ?? plainQuery('all');
  }

  /** Narrows by a value, or no longer: what is shown by then, and not what was when it was drawn. */
  function toggle(kind) {
    return (value) => {
      onChoose();
      location.hash = writeAddress({ ...chosen(), [kind]: toggled(chosen()[kind], value) });
    };
  }

  function toggleFilters(button) {
    opener = button;
    setOpen(!isOpen());
    if (isOpen()) filters.querySelector('button').focus();
  }

  function closeFilters() {
    if (!isOpen()) return;
    setOpen(false);
    opener?.focus();
  }

  function isOpen() {
    return filters.classList.contains('is-open');
  }

  function setOpen(open) {
    filters.classList.toggle('is-open', open);
    setAttribute(opener, 'aria-expanded', String(open));
  }

  function viewLink(view, label) {
    const count = h('span', { class: 'count', 'aria-hidden': 'true' });
    const counted = h('span', { class: 'only-read-out' });
    const link = h('a', { href: writeAddress(plainQuery(view)), class: `view-${view}` }, icon(view), h('span', { class: 'label' }, label), count, counted);
    return { view, count, counted, element: link };
  }

  function drawCounts() {
    for (const { view, count, counted } of links) {
      const number = counts.of(view);
      setText(count, number ? number.toLocaleString() : '');
      setText(counted, number === null ? '' : `${number} ${number === 1 ? 'task' : 'tasks'}`);
    }
  }

  function drawTags() {
    const all = [...new Set([...store.tags, ...chosen().tags])];
    noTags.hidden = all.length > 0;
    tags.draw(all, chosen().tags);
  }

  function setQuery(next) {
    query = next;
    for (const { view, element: link } of links) setAttribute(link, 'aria-current', query?.view === view && 'page');
    setAttribute(account, 'aria-current', query === null && 'page');
    priorities.draw(PRIORITIES.toReversed(), chosen().priorities);
    drawTags();
    drawCounts();
  }

  return { element, setQuery, toggleFilters };
}

/** Values to choose from. They are drawn again only where they are others: who is about to press one has to find it. */
function choices(label, onToggle) {
  const element = h('ul', { class: 'choices' });
  let drawn = null;

  function draw(values, chosen) {
    const state = JSON.stringify([values, chosen]);
    if (state === drawn) return;
    drawn = state;
    const item = (value) => {
      const attributes = { type: 'button', class: 'choice', 'aria-pressed': String(chosen.includes(value)), 'data-value': value };
      return h('li', {}, h('button', { ...attributes, onclick: () => onToggle(value) }, label(value)));
    };
    replace(element, values.map(item));
  }

  return { element, draw };
}

/** The focus stays on the one that had it. */
function replace(list, items) {
  const value = list.contains(document.activeElement) ? document.activeElement.dataset.value : null;
  list.replaceChildren(...items);
  if (value !== null) [...list.querySelectorAll('button')].find((button) => button.dataset.value === value)?.focus();
}

function toggled(values, value) {
  return values.includes(value) ? values.filter((other) => other !== value) : [...values, value];
}
