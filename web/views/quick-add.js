// The line that tasks are added by. What it understands is shown as chips while somebody types; a chip that was not
// meant goes away, and its words stay in the title.

import { describeDay } from '../dates.js';
import { h, icon, isComposing, setAttribute, setText } from '../dom.js';
import { defaultsFor } from '../query.js';
import { parse, titleProblem } from '../quick-add.js';

const NO_DEFAULTS = { due_date: null, priority: null, tags: [] };

export function quickAdd(onAdd, { draft }) {
  const input = h('input', {
    id: 'new-task',
    class: 'add-input',
    type: 'text',
    value: draft,
    dir: 'auto',
    autocomplete: 'off',
    enterkeyhint: 'done',
    placeholder: 'Add a task: Call home tomorrow !high #home',
    'aria-label': 'New task',
    'aria-describedby': 'new-task-hint new-task-problem',
    oninput: draw,
  });
  const hint = h('p', { id: 'new-task-hint', class: 'only-read-out' }, 'Write !high for a priority, #home for a tag, tomorrow or a date for when it is due.');
  const chips = h('ul', { class: 'add-chips', 'aria-label': 'Understood' });
  const problem = h('p', { id: 'new-task-problem', class: 'problem-text', role: 'alert' });
  const submit = h('button', { type: 'submit', class: 'button primary add-button' }, 'Add');
  const element = h('form', { class: 'add', onsubmit: add }, h('div', { class: 'add-line' }, icon('add'), input, submit), chips, hint, problem);
  let query = null;
  let declined = new Set();

  /** What the line says, and what the view adds to it. */
  function read() {
    const said = parse(input.value, { ignore: declined });
    const defaults = query ? defaultsFor(query) : NO_DEFAULTS;
    const wanted = (kind) => !declined.has(`view:${kind}`);
    const isDated = said.due_date !== null;
    const isRanked = said.priority !== 'none';
    const own = {
      due_date: !isDated && wanted('due') ? defaults.due_date : null,
      priority: !isRanked && wanted('priority') ? defaults.priority : null,
      tags: defaults.tags.filter((tag) => wanted(`tag:${tag}`) && !said.tags.includes(tag)),
    };
    const fields = { title: said.title, due_date: said.due_date ?? own.due_date, priority: own.priority ?? said.priority, tags: [...said.tags, ...own.tags] };
    return { said, own, fields };
  }

  function draw() {
    const { said, own } = read();
    const isEmpty = input.value.trim() === '';
    setText(problem, '');
    setAttribute(input, 'aria-invalid', null);
    submit.hidden = isEmpty;
    const shown = said.tokens.map(({ kind, text, value }) => chip(kind, value, text));
    if (!isEmpty) shown.push(...ownChips(own));
    chips.replaceChildren(...shown);
    chips.hidden = shown.length === 0;
  }

  function ownChips({ due_date: due, priority, tags }) {
    return [
      due && chip('due', due, 'view:due'),
      priority && chip('priority', priority, 'view:priority'),
      ...tags.map((tag) => chip('tag', tag, `view:tag:${tag}`)),
    ].filter(Boolean);
  }

  function chip(kind, value, source) {
    const words = kind === 'due' ? describeDay(value) : value;
    const decline = () => (declined.add(source), draw(), input.focus());
    const button = h('button', { type: 'button', class: `chip ${kind} ${kind === 'priority' ? `priority-${value}` : ''}`, 'aria-label': `Not ${words}`, title: 'Not meant so? Press to keep it as text', onclick: decline });
    button.append(icon({ due: 'upcoming', priority: 'flag', tag: 'tag' }[kind]), h('span', { dir: 'auto' }, words), icon('close'));
    return h('li', {}, button);
  }

  function add(event) {
    event.preventDefault();
    const { fields } = read();
    const wrong = input.value.trim() === '' ? null : titleProblem(fields.title);
    if (wrong) {
      setText(problem, wrong);
      setAttribute(input, 'aria-invalid', 'true');
    } else if (fields.title) {
      onAdd(fields);
      input.value = '';
      declined = new Set();
      draw();
    }
    input.focus();
  }

  input.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !isComposing(event)) input.blur();
  });
  draw();

  return {
    element,
    focus: () => input.focus(),
    draft: () => input.value,
    setQuery(next) {
      query = next;
      draw();
    },
  };
}
