// Forms that ask the server: a field has its label and its error beside it, and nothing is sent twice.

import { h, setAttribute, setText } from '../dom.js';
import { explain } from '../session.js';

let count = 0;

/** A labelled field: `{ element, input, setProblem }`. */
export function field(label, attributes, hint = null) {
  count += 1;
  const id = `field-${count}`;
  const problem = h('p', { id: `${id}-problem`, class: 'problem-text' });
  const note = hint && h('p', { id: `${id}-hint`, class: 'hint' }, hint);
  const described = [note && `${id}-hint`, `${id}-problem`].filter(Boolean).join(' ');
  const input = h('input', { id, required: true, 'aria-describedby': described, ...attributes });
  const element = h('div', { class: 'field' }, h('label', { for: id }, label), input, note, problem);
  function setProblem(text) {
    setText(problem, text);
    setAttribute(input, 'aria-invalid', text !== '' && 'true');
  }
  input.addEventListener('input', () => setProblem(''));
  return { element, input, setProblem };
}

/**
 * A form of named fields. `onSubmit` gets their values; what it throws is explained at the field it is about, or above
 * the button. Gives the element.
 */
export function form({ fields, submit, onSubmit, extra = [], style = 'primary' }) {
  const problem = h('p', { class: 'problem-text', role: 'alert' });
  const button = h('button', { type: 'submit', class: `button ${style}` }, submit);
  const element = h('form', { class: 'form', novalidate: true, onsubmit: send }, Object.values(fields).map((each) => each.element), extra, problem, button);

  async function send(event) {
    event.preventDefault();
    if (button.disabled || !check()) return;
    button.disabled = true;
    setText(problem, '');
    try {
      await onSubmit(Object.fromEntries(Object.entries(fields).map(([name, { input }]) => [name, input.value])), element);
    } catch (error) {
      show(explain(error));
    } finally {
      button.disabled = false;
    }
  }

  /** What the browser can tell by itself, in its own language, but in our place for it. */
  function check() {
    const wrong = Object.values(fields).filter(({ input }) => !input.checkValidity());
    for (const { input, setProblem } of wrong) setProblem(input.validationMessage);
    wrong[0]?.input.focus();
    return wrong.length === 0;
  }

  function show({ message, field: name }) {
    const at = fields[name] ?? (name === 'password' ? fields.currentPassword : undefined);
    if (!at) return setText(problem, message);
    at.setProblem(message);
    at.input.focus();
  }

  return element;
}

export function emailField(attributes = {}) {
  return field('E-mail', { type: 'email', name: 'email', autocomplete: 'username', autocapitalize: 'none', ...attributes });
}

export function passwordField(label, autocomplete, hint = null) {
  const isNew = autocomplete === 'new-password';
  return field(label, { type: 'password', name: autocomplete, autocomplete, ...(isNew ? { minlength: '8', maxlength: '128' } : {}) }, hint);
}
