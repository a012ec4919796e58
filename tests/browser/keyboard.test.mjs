// Everything by the keyboard, and nothing taken from who is typing.
import assert from 'node:assert/strict';
import { test } from './harness.mjs';
import { day, row, titlesOf, waitFor, waitForTitles, waitForTitlesAtServer, waitUntilSent } from './page.mjs';

const titles = ['One', 'Two', 'Three'];

async function openThree({ newPerson, openPage }) {
  const ada = await newPerson();
  for (const title of titles) await ada.call('POST', '/api/me/tasks', { title, due_date: day() });
  const page = await openPage(ada.context);
  await waitForTitles(page, titles);
  return { ada, page };
}

/** The task that has the focus. */
const focused = (page) => page.evaluate(() => document.activeElement.closest('.task')?.querySelector('.title')?.textContent ?? null);

async function waitForFocus(page, title) {
  await waitFor(async () => assert.equal(await focused(page), title));
}

test('tasks are walked through, completed, edited and deleted', async (desk) => {
  const { ada, page } = await openThree(desk);
  const { keyboard } = page;
  await keyboard.press('j');
  await waitForFocus(page, 'One');
  await keyboard.press('ArrowDown');
  await keyboard.press('j');
  await keyboard.press('j');
  await waitForFocus(page, 'Three');
  await keyboard.press('k');
  await waitForFocus(page, 'Two');

  await keyboard.press('e');
  await keyboard.type('!');
  await keyboard.press('Enter');
  await waitForTitles(page, ['One', 'Two!', 'Three']);
  await waitForFocus(page, 'Two!');

  await keyboard.press('x');
  await waitForTitles(page, ['One', 'Three']);
  await waitForFocus(page, 'Three');
  await keyboard.press('u');
  await waitForTitles(page, ['One', 'Two!', 'Three']);

  await keyboard.press('Delete');
  await waitForTitles(page, ['One', 'Two!']);
  await waitForFocus(page, 'Two!');
  await keyboard.press('Space');
  await waitForTitles(page, ['One']);
  await waitForFocus(page, 'One');
  await keyboard.press('Delete');
  await page.getByText('Nothing due today').waitFor();
  await waitFor(async () => assert.equal(await page.evaluate(() => document.activeElement.id), 'new-task'));
  await keyboard.press('Escape');
  await keyboard.press('u');
  await waitForTitles(page, ['One']);
  await page.goto('about:blank');
  await waitForTitlesAtServer(ada, ['One', 'Two!']);
});

test('views, search, the new line and the help are a key away', async (desk) => {
  const { page } = await openThree(desk);
  const { keyboard } = page;
  for (const [index, view] of ['Today', 'Upcoming', 'Overdue', 'All', 'Completed'].entries()) {
    await keyboard.press(String(index + 1));
    await page.getByRole('heading', { level: 1, name: view }).waitFor();
  }
  await keyboard.press('/');
  assert.equal(await page.getByLabel('Search tasks').evaluate((input) => input === document.activeElement), true);
  await keyboard.press('Escape');
  await keyboard.press('n');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'new-task');
  await keyboard.press('Escape');
  await keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
  await keyboard.press('1');
  assert.equal(new URL(page.url()).hash, '#/completed');
  await keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await keyboard.press('1');
  await waitForTitles(page, titles);
});

test('keys are text to who is typing, and the browser keeps its own', async (desk) => {
  const { ada, page } = await openThree(desk);
  await page.getByLabel('New task').fill('');
  await page.getByLabel('New task').pressSequentially('jnx? u2');
  assert.equal(await page.getByLabel('New task').inputValue(), 'jnx? u2');
  await page.getByLabel('New task').fill('');
  await row(page, 'One').getByRole('checkbox').focus();
  for (const key of ['Control+x', 'Alt+x', 'Meta+x', 'Control+Delete']) await page.keyboard.press(key);
  await page.keyboard.press('e');
  await page.getByLabel('Description').pressSequentially('x e Delete /');
  await page.getByLabel('Description').press('Delete');
  await page.keyboard.press('Control+Enter');
  await waitUntilSent(page);
  await waitForTitles(page, titles);
  assert.deepEqual(await titlesOf(ada), ['One', 'Three', 'Two']);
  assert.equal((await ada.call('GET', '/api/me/tasks?q=Delete')).tasks[0].description, 'x e Delete /');
});

test('keys that belong to an input method are left to it', async (desk) => {
  const { page } = await openThree(desk);
  const compose = (locator, key) => locator.evaluate((input, key) => input.dispatchEvent(new KeyboardEvent('keydown', { key, isComposing: true, bubbles: true, cancelable: true })), key);
  const search = page.getByLabel('Search tasks');
  await search.fill('o');
  await compose(search, 'Escape');
  assert.equal(await search.inputValue(), 'o');
  await row(page, 'One').getByRole('button', { name: 'One', exact: true }).click();
  await page.getByLabel('Tags').fill('ho');
  await compose(page.getByLabel('Tags'), 'Enter');
  assert.equal(await page.getByLabel('Tags').inputValue(), 'ho');
  await compose(page.getByLabel('Title'), 'Escape');
  assert.equal(await page.getByLabel('Title').count(), 1);
  const line = page.getByLabel('New task');
  await line.focus();
  await compose(line, 'Escape');
  assert.equal(await line.evaluate((input) => input === document.activeElement), true);
});

test('single keys can be switched off, for this browser', async (desk) => {
  const { page } = await openThree(desk);
  const { keyboard } = page;
  const choice = page.getByLabel('Single letters, digits and signs are commands');
  await keyboard.press('?');
  await choice.uncheck();
  await keyboard.press('Escape');
  await page.reload();
  await waitForTitles(page, titles);
  for (const key of ['4', '?', 'n']) await keyboard.press(key);
  assert.equal(new URL(page.url()).hash, '');
  assert.equal(await page.evaluate(() => document.activeElement === document.body), true);
  await row(page, 'One').getByRole('checkbox').focus();
  await keyboard.press('ArrowDown');
  await waitForFocus(page, 'Two');
  await page.getByRole('button', { name: 'Keyboard shortcuts' }).click();
  await choice.check();
  await keyboard.press('Escape');
  await keyboard.press('4');
  await page.getByRole('heading', { level: 1, name: 'All' }).waitFor();
});

test('everything can be reached with Tab, and shows that it is', async (desk) => {
  const { page } = await openThree(desk);
  const seen = new Set();
  for (let presses = 0; presses < 60 && !seen.has('Delete Three'); presses += 1) {
    await page.keyboard.press('Tab');
    const { name, isMarked } = await page.evaluate(() => {
      const element = document.activeElement;
      const marks = [element, element.closest('form, .task')].filter(Boolean).map((each) => getComputedStyle(each));
      const isMarked = marks.some(({ outlineStyle, outlineWidth, boxShadow }) => (outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow.includes('inset')) || element.matches('.add-input');
      return { name: element.getAttribute('aria-label') ?? element.textContent, isMarked };
    });
    assert.ok(isMarked, `the focus is not seen on ${name}`);
    seen.add(name);
  }
  for (const name of ['Skip to the tasks', 'New task', 'Search tasks', 'Sort by', 'One', 'Edit Two', 'Delete Three', 'Keyboard shortcuts']) {
    assert.ok(seen.has(name), `${name} is not among ${[...seen]}`);
  }
});
