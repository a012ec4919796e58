// The tags of a task while it is edited: each can be taken away, and new ones are written behind them.

import { h, icon, isComposing, setText } from '../dom.js';
import { parseTags, tagsProblem } from '../quick-add.js';

export function tagField(tags, knownTags) {
  let chosen = [...tags];
  const id = `tags-${Math.random().toString(36).slice(2)}`;
  const input = h('input', { id, type: 'text', autocomplete: 'off', autocapitalize: 'none', dir: 'auto', list: `${id}-known`, placeholder: 'Add a tag', onkeydown: onKeyDown, oninput: onInput });
  const known = h('datalist', { id: `${id}-known` });
  const chips = h('ul', { class: 'chosen-tags' });
  const element = h('div', { class: 'tag-field' }, h('label', { for: id }, 'Tags'), h('div', { class: 'tag-box' }, chips, input), known);

  function draw() {
    chips.replaceChildren(...chosen.map(chip));
    known.replaceChildren(...knownTags.filter((tag) => !chosen.includes(tag)).map((tag) => h('option', { value: tag })));
  }

  function chip(tag) {
    const name = h('span', { dir: 'auto' });
    setText(name, tag);
    const remove = () => ((chosen = chosen.filter((other) => other !== tag)), draw(), input.focus());
    return h('li', {}, h('button', { type: 'button', class: 'chip', 'aria-label': `Remove tag ${tag}`, onclick: remove }, name, icon('close')));
  }

  /** The tags, with what is being written. */
  function written() {
    return [...new Set([...chosen, ...parseTags(input.value)])];
  }

  function take() {
    chosen = written();
    input.value = '';
    draw();
  }

  function onInput() {
    if (/[\s,]$/u.test(input.value)) take();
  }

  /** Enter takes what is written; with nothing written it saves the task, as in every other field. */
  function onKeyDown(event) {
    if (isComposing(event)) return;
    if (event.key === 'Enter' && input.value.trim() !== '' && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      take();
    } else if (event.key === 'Backspace' && input.value === '' && chosen.length > 0) {
      chosen = chosen.slice(0, -1);
      draw();
    }
  }

  draw();

  return { element, input, read: () => (take(), chosen), written, problem: () => tagsProblem(chosen) };
}
