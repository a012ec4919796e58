// Which tasks are shown, in which order, and what is counted.
import assert from 'node:assert/strict';
import { test } from './harness.mjs';
import { addTask, day, openView, row, waitFor, waitForCount, waitForTitles, waitUntilSent } from './page.mjs';

/** Tasks of every kind. */
async function fill(person) {
  const tasks = [
    { title: 'Late', due_date: day(-2), priority: 'low', tags: ['home'] },
    { title: 'Now', due_date: day(), priority: 'urgent', tags: ['home', 'garden'] },
    { title: 'Soon', due_date: day(3), tags: ['office'] },
    { title: 'Far', due_date: day(30), priority: 'high', description: 'Über die Brücke' },
    { title: 'Whenever', tags: ['office'] },
    { title: 'Finished', completed: true, due_date: day() },
  ];
  await Promise.all(tasks.map((task) => person.call('POST', '/api/me/tasks', task)));
}

test('each view has its tasks, and they are counted', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  await fill(ada);
  const page = await openPage(ada.context);
  const views = { Today: ['Now'], Upcoming: ['Soon'], Overdue: ['Late'], All: ['Late', 'Now', 'Soon', 'Far', 'Whenever'], Completed: ['Finished'] };
  for (const [view, titles] of Object.entries(views)) {
    await openView(page, view);
    await waitForTitles(page, titles);
    await waitForCount(page, view, titles.length);
  }
  await openView(page, 'Today');
  await page.getByLabel('Show completed').check();
  await waitForTitles(page, ['Now', 'Finished']);
});

test('counts follow what is done, at once and after the answer', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  await fill(ada);
  const page = await openPage(ada.context);
  await waitForCount(page, 'All', 5);
  await row(page, 'Now').getByRole('checkbox').click();
  await waitForCount(page, 'Today', 0);
  await waitForCount(page, 'Completed', 2);
  await waitUntilSent(page);
  await addTask(page, 'More tomorrow');
  await waitUntilSent(page);
  await waitForCount(page, 'Upcoming', 2);
  await waitForCount(page, 'All', 5);
  await waitForCount(page, 'Completed', 2);
});

test('lists are filtered by tag and by priority, and Back leads out again', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  await fill(ada);
  const page = await openPage(ada.context, '/#/all');
  const filters = page.getByRole('region', { name: 'Filters' });
  await filters.getByRole('button', { name: 'home' }).click();
  await waitForTitles(page, ['Late', 'Now']);
  await filters.getByRole('button', { name: 'Urgent' }).click();
  await waitForTitles(page, ['Now']);
  assert.equal(new URL(page.url()).hash, '#/all?tag=home&priority=urgent');
  await filters.getByRole('button', { name: 'Low' }).click();
  await waitForTitles(page, ['Late', 'Now']);
  await page.goBack();
  await waitForTitles(page, ['Now']);
  await page.goBack();
  await waitForTitles(page, ['Late', 'Now']);
  await page.getByRole('button', { name: 'Remove filter home' }).click();
  await waitForTitles(page, ['Late', 'Now', 'Soon', 'Far', 'Whenever']);
  await row(page, 'Soon').getByRole('link', { name: '#office' }).click();
  await waitForTitles(page, ['Soon', 'Whenever']);
});

test('what is typed is searched for, and only the last answer counts', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  await fill(ada);
  const page = await openPage(ada.context, '/#/all');
  await waitForTitles(page, ['Late', 'Now', 'Soon', 'Far', 'Whenever']);
  let release;
  const held = new Promise((done) => (release = done));
  await page.route(/[?&]q=w(&|$)/, async (route) => {
    await held;
    await route.continue().catch(() => {}); // the page has given it up by then
  });
  const search = page.getByLabel('Search tasks');
  const first = page.waitForRequest(/[?&]q=w(&|$)/);
  await search.fill('w');
  await first;
  await search.fill('brucke uber');
  await waitForTitles(page, ['Far']);
  release();
  await waitForTitles(page, ['Far']);
  await search.fill('nothing like it');
  await page.getByText('No task matches').waitFor();
  await page.getByRole('button', { name: 'Clear search and filters' }).click();
  await waitForTitles(page, ['Late', 'Now', 'Soon', 'Far', 'Whenever']);
});

test('a filter that is chosen after a search narrows that search', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  await fill(ada);
  const page = await openPage(ada.context, '/#/all');
  await page.getByLabel('Search tasks').fill('w');
  await waitForTitles(page, ['Now', 'Whenever']);
  await page.getByRole('region', { name: 'Filters' }).getByRole('button', { name: 'office' }).click();
  await waitForTitles(page, ['Whenever']);
  assert.equal(new URL(page.url()).hash, '#/all?tag=office&q=w');
});

test('who presses a filter while still typing loses neither the words nor the press', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  await fill(ada);
  const page = await openPage(ada.context, '/#/all?tag=home');
  await waitForTitles(page, ['Late', 'Now']);
  // What a browser does between two moments, so that no time passes in between.
  const press = (name) => page.evaluate((name) => {
    const search = document.querySelector('.search-input');
    const button = [...document.querySelectorAll('button')].find(({ ariaLabel, textContent }) => (ariaLabel ?? textContent) === name);
    search.focus();
    search.value += 'o';
    search.dispatchEvent(new InputEvent('input', { bubbles: true }));
    const before = location.hash;
    button.focus();
    if (!button.isConnected || location.hash !== before) throw new Error('what is being pressed moves');
    button.click();
  }, name);
  await press('Low');
  await waitFor(() => assert.equal(new URL(page.url()).hash, '#/all?tag=home&priority=low&q=o'));
  await press('Remove filter low');
  await waitFor(() => assert.equal(new URL(page.url()).hash, '#/all?tag=home&q=oo'));
  await page.getByLabel('Search tasks').focus();
  await page.goBack();
  await waitFor(async () => assert.equal(await page.getByLabel('Search tasks').inputValue(), 'oo'));
  await page.goBack();
  await waitFor(async () => assert.equal(await page.getByLabel('Search tasks').inputValue(), 'o'));
  // Past the account, where there is no search.
  await page.goto('/#/account');
  await page.reload();
  await page.getByText('this device').waitFor();
  await page.getByRole('region', { name: 'Filters' }).getByRole('button', { name: 'Low' }).click();
  await waitFor(() => assert.equal(new URL(page.url()).hash, '#/all?priority=low'));
});

test('the focus goes on where a filter was removed, or all of them', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  const page = await openPage(ada.context, '/#/all?priority=low&tag=home&tag=office');
  const waitForFocus = (name) => waitFor(async () => assert.equal(await page.evaluate(() => document.activeElement.ariaLabel ?? document.activeElement.id), name));
  await page.getByRole('button', { name: 'Remove filter home' }).press('Enter');
  await waitForFocus('Remove filter office');
  await page.keyboard.press('Enter');
  await waitForFocus('Remove filter low');
  await page.keyboard.press('Enter');
  await waitForFocus('Search tasks');
  await page.keyboard.type('x');
  await page.getByRole('button', { name: 'Clear search and filters' }).press('Enter');
  await page.getByText('No tasks yet').waitFor();
  await waitForFocus('main');
});

test('the filters of a small screen are closed by Escape, wherever the focus is', async ({ newPerson, openPage }) => {
  const ada = await newPerson({ viewport: { width: 360, height: 740 } });
  const page = await openPage(ada.context);
  const opener = page.locator('.open-filters');
  assert.equal(await opener.getAttribute('aria-expanded'), 'false');
  await opener.click();
  assert.equal(await opener.getAttribute('aria-expanded'), 'true');
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('Escape');
  await waitFor(async () => assert.equal(await opener.getAttribute('aria-expanded'), 'false'));
  await page.locator('.filters').waitFor({ state: 'hidden' });
});

test('who travels is shown the day there', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  const page = await openPage(ada.context);
  await page.getByText('Nothing due today').waitFor();
  await page.evaluate(() => {
    const { resolvedOptions } = Intl.DateTimeFormat.prototype;
    Intl.DateTimeFormat.prototype.resolvedOptions = function () {
      return { ...resolvedOptions.call(this), timeZone: 'Pacific/Auckland' };
    };
  });
  const asked = page.waitForRequest((request) => request.url().includes('tz=Pacific%2FAuckland') && request.url().includes('limit=100'));
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await asked;
});

test('what is completed is not overdue', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  await ada.call('POST', '/api/me/tasks', { title: 'Done long ago', due_date: '2020-02-03', completed: true });
  const page = await openPage(ada.context, '/#/all?done=1');
  await page.getByRole('heading', { name: '3 Feb 2020' }).waitFor();
  assert.equal(await page.getByRole('heading', { name: 'Overdue' }).count(), 0);
});

test('lists are sorted as one likes', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  await fill(ada);
  const page = await openPage(ada.context, '/#/all');
  const orders = { Title: ['Far', 'Late', 'Now', 'Soon', 'Whenever'], Priority: ['Now', 'Far', 'Late', 'Soon', 'Whenever'], 'Due date': ['Late', 'Now', 'Soon', 'Far', 'Whenever'] };
  for (const [label, titles] of Object.entries(orders)) {
    await page.getByLabel('Sort by').selectOption(label);
    await waitForTitles(page, titles);
  }
  // What is added finds its place before the server has answered.
  await page.getByLabel('Sort by').selectOption('Title');
  await waitForTitles(page, orders.Title);
  await page.route('**/tasks', (route) => (route.request().method() === 'POST' ? new Promise(() => {}) : route.fallback()));
  await addTask(page, 'Middle');
  await waitForTitles(page, ['Far', 'Late', 'Middle', 'Now', 'Soon', 'Whenever']);
});

test('days are the visitor’s, and so is the language of dates', async ({ newPerson, openPage }) => {
  const there = { timezoneId: 'Pacific/Kiritimati', locale: 'de-DE' };
  const ada = await newPerson(there);
  const page = await openPage(ada.context);
  const today = await page.evaluate(() => new Date().toLocaleDateString('sv'));
  await addTask(page, 'Brot');
  await addTask(page, 'Milch morgen');
  await addTask(page, 'Arzt in 9 days');
  await waitForTitles(page, ['Brot']);
  await waitUntilSent(page);
  const { tasks } = await ada.call('GET', '/api/me/tasks?sort=created');
  const after = (days) => new Date(Date.parse(today) + days * 86_400_000).toISOString().slice(0, 10);
  assert.deepEqual(tasks.map(({ title, due_date }) => [title, due_date]), [['Brot', today], ['Milch', after(1)], ['Arzt', after(9)]]);
  await page.reload();
  await waitForTitles(page, ['Brot']);
  await openView(page, 'All');
  await page.getByRole('heading', { name: 'Morgen' }).waitFor();
  const short = await page.evaluate((text) => new Intl.DateTimeFormat('de-DE', { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(new Date(text)), after(9));
  await page.getByRole('heading', { name: short }).waitFor();
});

test('tags are offered whichever view is open', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  await fill(ada);
  const page = await openPage(ada.context, '/#/overdue');
  const tags = page.getByRole('region', { name: 'Filters' }).getByRole('list').last().getByRole('button');
  await waitFor(async () => assert.deepEqual(await tags.allTextContents(), ['garden', 'home', 'office']));
});

test('an empty view says what it is for', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  const page = await openPage(ada.context);
  const words = { Today: 'Nothing due today', Upcoming: 'The next seven days are free', Overdue: 'Nothing is overdue', All: 'No tasks yet', Completed: 'Nothing completed yet' };
  for (const [view, text] of Object.entries(words)) {
    await openView(page, view);
    await page.getByText(text).waitFor();
  }
});

test('a list that cannot be loaded says why, and is loaded on Retry', async ({ newPerson, openPage, tolerate }) => {
  const ada = await newPerson();
  await fill(ada);
  tolerate(/status of 500/);
  const page = await ada.context.newPage();
  const problem = { code: 'internal', detail: 'something went wrong' };
  await page.route(/limit=100&due=today/, (route) => route.fulfill({ status: 500, json: problem }));
  await page.goto('/');
  await page.getByText('The list could not be loaded: something went wrong').waitFor();
  await page.unroute(/limit=100&due=today/);
  await page.getByRole('button', { name: 'Retry' }).click();
  await waitForTitles(page, ['Now']);
});

test('a read that is turned away for a moment is asked again when told', async ({ newPerson, openPage, tolerate }) => {
  const ada = await newPerson();
  await fill(ada);
  tolerate(/status of 503/);
  const page = await ada.context.newPage();
  await page.clock.install();
  let asked = 0;
  await page.route(/limit=100&due=today/, (route) => {
    asked += 1;
    return asked === 1 ? route.fulfill({ status: 503, json: {}, headers: { 'retry-after': '2' } }) : route.fallback();
  });
  await page.goto('/');
  await waitFor(() => assert.equal(asked, 1));
  await waitFor(async () => {
    await page.clock.fastForward(2_000);
    assert.equal(asked, 2);
  });
  await waitForTitles(page, ['Now']);
});
