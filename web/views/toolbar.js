// What a list is searched for, filtered by and sorted by.

import { h, icon, iconButton, isComposing, setAttribute } from '../dom.js';
import { SORTS, hasOpenAndDone } from '../query.js';

const TYPING_PAUSE = 150;

export function toolbar({ list }, { onFilters, onQuery }) {
  let query = null;
  let timer = 0;
  let drawn = null;

  const search = h('input', {
    type: 'search',
    class: 'search-input',
    placeholder: 'Search',
    'aria-label': 'Search tasks',
    maxlength: '200',
    autocomplete: 'off',
    dir: 'auto',
    oninput: () => (clearTimeout(timer), (timer = setTimeout(searchNow, TYPING_PAUSE))),
    onkeydown: leaveOnEscape,
  });
  const form = h('form', { class: 'search', role: 'search', onsubmit: (event) => (event.preventDefault(), searchNow()) }, icon('search'), search);
  const options = Object.entries(SORTS).map(([value, label]) => h('option', { value }, label));
  const sort = h('select', { class: 'sort', 'aria-label': 'Sort by', onchange: () => change({ sort: sort.value }) }, options);
  const done = h('input', { type: 'checkbox', onchange: () => change({ done: done.checked }) });
  const doneLabel = h('label', { class: 'show-done' }, done, 'Show completed');
  const filters = iconButton('filter', 'Filters', () => onFilters(filters), { class: 'icon-button open-filters', 'aria-expanded': 'false', 'aria-controls': 'filters' });
  const chips = h('ul', { class: 'filter-chips', 'aria-label': 'Filtered by' });
  const element = h('div', { class: 'toolbar' }, form, filters, sort, doneLabel, chips);

  /** What is pressed is about the words as they are by now. */
  function change(part) {
    searchNow();
    onQuery({ ...query, ...part });
  }

  function searchNow() {
    clearTimeout(timer);
    timer = 0;
    if (element.isConnected && search.value !== query.q) onQuery({ ...query, q: search.value }, { isTyping: true });
  }

  function leaveOnEscape(event) {
    if (event.key !== 'Escape' || isComposing(event)) return;
    event.preventDefault();
    search.value = '';
    searchNow();
    search.blur();
  }

  function setQuery(next) {
    query = next;
    const isTyping = timer !== 0 && document.activeElement === search;
    if (!isTyping && search.value !== query.q) search.value = query.q;
    sort.value = query.sort;
    done.checked = query.done;
    doneLabel.hidden = !hasOpenAndDone(query.view);
    drawChips();
  }

  /** Only where they are others: who is about to press one has to find it. */
  function drawChips() {
    const { priorities, tags } = query;
    const state = JSON.stringify([priorities, tags]);
    if (state === drawn) return;
    drawn = state;
    const without = (values, value) => values.filter((other) => other !== value);
    const at = [...chips.children].findIndex((each) => each.contains(document.activeElement));
    chips.replaceChildren(
      ...priorities.map((each) => chip(each, 'flag', { priorities: without(priorities, each) })),
      ...tags.map((each) => chip(each, 'tag', { tags: without(tags, each) })),
    );
    const count = chips.children.length;
    chips.hidden = count === 0;
    setAttribute(filters, 'aria-label', count > 0 ? `Filters, ${count} chosen` : 'Filters');
    if (at >= 0) refocus(at);
  }

  /** The chip that took the place of the one that was removed, or where others come from: no keyboard on a phone. */
  function refocus(at) {
    const left = [...chips.querySelectorAll('button')];
    const other = filters.checkVisibility() ? filters : search;
    (left[Math.min(at, left.length - 1)] ?? other).focus();
  }

  function chip(label, picture, others) {
    const button = h('button', { type: 'button', class: 'chip', 'aria-label': `Remove filter ${label}`, onclick: () => change(others) });
    button.append(icon(picture), h('span', { dir: 'auto' }, label), icon('close'));
    return h('li', {}, button);
  }

  list.addEventListener('change', () => setAttribute(form, 'aria-busy', list.state === 'loading' && 'true'));

  return { element, setQuery, searchNow, focusSearch: () => (search.focus(), search.select()) };
}
