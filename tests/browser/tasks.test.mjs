// What is done to one task.
import assert from 'node:assert/strict';
import { test } from './harness.mjs';
import { addTask, day, problem, row, tasksOf, titlesOf, waitFor, waitForCount, waitForTitles, waitForTitlesAtServer, waitUntilSent } from './page.mjs';

test('what a line means is shown while it is typed, and can be declined', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  const page = await openPage(ada.context, '/#/all');
  await page.getByLabel('New task').fill('Read Friday by Defoe tomorrow !high #books');
  const chips = page.getByRole('list', { name: 'Understood' }).getByRole('button');
  const friday = await chips.first().textContent();
  assert.deepEqual(await chips.allTextContents(), [friday, 'high', 'books']);
  await page.getByRole('button', { name: `Not ${friday}` }).click();
  assert.deepEqual(await chips.allTextContents(), ['Tomorrow', 'high', 'books']);
  await page.getByLabel('New task').press('Enter');
  await waitUntilSent(page);
  const [{ title, due_date, priority, tags }] = await tasksOf(ada);
  assert.deepEqual([title, due_date, priority, tags], ['Read Friday by Defoe', day(1), 'high', ['books']]);
});

test('what is added in a view belongs to it', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  const page = await openPage(ada.context, '/#/today?tag=home&priority=low');
  await addTask(page, 'Sweep');
  await waitForTitles(page, ['Sweep']);
  await waitUntilSent(page);
  const [{ due_date, priority, tags }] = await tasksOf(ada);
  assert.deepEqual([due_date, priority, tags], [day(), 'low', ['home']]);
});

test('a task is edited in its place, and only what changed is sent', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  const task = await ada.call('POST', '/api/me/tasks', { title: 'Passport', description: 'Old', tags: ['travel', 'two words'], due_date: day(2) });
  const page = await openPage(ada.context, '/#/all');
  await page.getByRole('button', { name: 'Passport', exact: true }).click();
  const editor = page.getByRole('form', { name: 'Edit Passport' });
  // Somebody else changes the description meanwhile.
  await ada.call('PATCH', `/api/me/tasks/${task.id}`, { description: 'New' });
  await editor.getByLabel('Title').fill('Renew the passport');
  await editor.getByLabel('Due', { exact: true }).fill('2031-05-06');
  await editor.getByLabel('Priority').selectOption('Urgent');
  await editor.getByRole('button', { name: 'Remove tag travel' }).click();
  await editor.getByLabel('Tags').fill('office');
  const sent = page.waitForRequest((request) => request.method() === 'PATCH');
  await editor.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('button', { name: 'Renew the passport' }).first().waitFor();
  assert.deepEqual((await sent).postDataJSON(), { title: 'Renew the passport', due_date: '2031-05-06', priority: 'urgent', tags: ['two words', 'office'] });
  await waitUntilSent(page);
  const [{ title, description, due_date }] = await tasksOf(ada);
  assert.deepEqual([title, description, due_date], ['Renew the passport', 'New', '2031-05-06']);
  await page.getByRole('heading', { name: '6 May 2031' }).waitFor();
  await row(page, 'Renew the passport').getByText('New', { exact: true }).waitFor();
});

test('a description is kept with its lines, and leaving does not save', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  const page = await openPage(ada.context);
  await addTask(page, 'Letter');
  await page.getByRole('button', { name: 'Letter', exact: true }).click();
  await page.getByLabel('Description').fill('Dear Sam,\n\n\tyes.');
  await page.getByLabel('Description').press('Control+Enter');
  await waitUntilSent(page);
  assert.equal((await tasksOf(ada))[0].description, 'Dear Sam,\n\n\tyes.');
  await page.getByRole('button', { name: 'Letter', exact: true }).click();
  await page.getByLabel('Title').fill('Something else');
  await page.getByLabel('Title').press('Escape');
  await waitForTitles(page, ['Letter']);
  assert.deepEqual(await titlesOf(ada), ['Letter']);
});

test('a task that is due at a time shows it and keeps it, to the second', async ({ newPerson, openPage }) => {
  const ada = await newPerson({ timezoneId: 'Asia/Kolkata' });
  const task = await ada.call('POST', '/api/me/tasks', { title: 'Call', due_date: '2031-05-06T09:00:07Z' });
  const page = await openPage(ada.context, '/#/all');
  await row(page, 'Call').getByText('6 May 2031, 14:30').waitFor();
  await page.getByRole('button', { name: 'Call', exact: true }).click();
  assert.equal(await page.getByLabel('Time').inputValue(), '14:30');
  await page.getByLabel('Title').fill('Call home');
  await page.getByLabel('Title').press('Enter');
  await waitUntilSent(page);
  assert.equal((await tasksOf(ada))[0].due_date, '2031-05-06T09:00:07.000Z');
  await page.getByRole('button', { name: 'Call home', exact: true }).click();
  await page.getByLabel('Time').fill('08:00');
  await page.getByRole('button', { name: 'Save' }).click();
  await waitUntilSent(page);
  const { due_date } = await ada.call('GET', `/api/me/tasks/${task.id}`);
  assert.equal(due_date, '2031-05-06T02:30:00.000Z');
});

test('a task is completed and reopened', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  const page = await openPage(ada.context);
  await addTask(page, 'Sweep');
  await row(page, 'Sweep').getByRole('checkbox').click();
  await waitForTitles(page, []);
  await waitUntilSent(page);
  assert.equal((await tasksOf(ada))[0].completed, true);
  await page.getByRole('button', { name: 'Undo' }).click();
  await waitForTitles(page, ['Sweep']);
  await waitUntilSent(page);
  assert.equal((await tasksOf(ada))[0].completed_at, null);
});

test('a deleted task comes back by Undo, as it was', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  const before = await ada.call('POST', '/api/me/tasks', { title: 'Sweep', due_date: day(), tags: ['home'] });
  const page = await openPage(ada.context);
  await row(page, 'Sweep').hover();
  await page.getByRole('button', { name: 'Delete Sweep' }).click();
  await waitForTitles(page, []);
  await page.getByRole('button', { name: 'Undo' }).click();
  await waitForTitles(page, ['Sweep']);
  await waitUntilSent(page);
  assert.deepEqual(await tasksOf(ada), [before]);
});

test('what was deleted is gone from the server when Undo is over', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  await ada.call('POST', '/api/me/tasks', { title: 'Sweep', due_date: day() });
  const page = await ada.context.newPage();
  await page.clock.install();
  await page.goto('/');
  await row(page, 'Sweep').hover();
  await page.getByRole('button', { name: 'Delete Sweep' }).click();
  await waitForTitles(page, []);
  assert.deepEqual(await titlesOf(ada), ['Sweep']);
  await page.clock.fastForward(15_000);
  await waitForTitlesAtServer(ada, []);
  assert.equal(await page.getByRole('button', { name: 'Undo' }).count(), 0);
});

test('what was deleted stays deleted when the tab is closed at once', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  await ada.call('POST', '/api/me/tasks', { title: 'Sweep', due_date: day() });
  const page = await openPage(ada.context);
  await row(page, 'Sweep').hover();
  await page.getByRole('button', { name: 'Delete Sweep' }).click();
  await waitForTitles(page, []);
  await page.goto('about:blank');
  await waitForTitlesAtServer(ada, []);
  await page.goto('/');
  await page.getByText('Nothing due today').waitFor();
  await waitUntilSent(page);
});

test('Undo also brings back what had to be sent early', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  await ada.call('POST', '/api/me/tasks', { title: 'Sweep', description: 'All of it', priority: 'low', due_date: day(), tags: ['home'] });
  const page = await openPage(ada.context);
  await row(page, 'Sweep').hover();
  await page.getByRole('button', { name: 'Delete Sweep' }).click();
  // As when a browser puts the page aside, and brings it back.
  await page.evaluate(() => window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })));
  await waitForTitlesAtServer(ada, []);
  await page.getByRole('button', { name: 'Undo' }).click();
  await waitForTitles(page, ['Sweep']);
  await waitUntilSent(page);
  const [{ title, description, priority, due_date, tags }] = await tasksOf(ada);
  assert.deepEqual([title, description, priority, due_date, tags], ['Sweep', 'All of it', 'low', day(), ['home']]);
});

test('what somebody is writing stays, whatever else changes', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  const task = await ada.call('POST', '/api/me/tasks', { title: 'Sweep', due_date: day() });
  const page = await ada.context.newPage();
  await page.clock.install();
  await page.goto('/');
  await page.getByRole('button', { name: 'Sweep', exact: true }).click();
  await page.getByLabel('Title').fill('Sweep the yard');
  await ada.call('PATCH', `/api/me/tasks/${task.id}`, { due_date: day(3) });
  await ada.call('POST', '/api/me/tasks', { title: 'Dust', due_date: day() });
  await page.clock.fastForward(5_000);
  await page.evaluate(() => window.dispatchEvent(new Event('focus')));
  await row(page, 'Dust').waitFor();
  assert.equal(await page.getByLabel('Title').inputValue(), 'Sweep the yard');
  await page.getByLabel('Title').press('Enter');
  await waitForTitles(page, ['Dust']);
  await waitUntilSent(page);
  const { title, due_date } = await ada.call('GET', `/api/me/tasks/${task.id}`);
  assert.deepEqual([title, due_date], ['Sweep the yard', day(3)]);
});

test('fields that nobody has touched are not sent, whatever a browser makes of them', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  await ada.call('POST', '/api/me/tasks', { title: 'Two  spaces', description: 'One line\r\nand another', due_date: day() });
  const page = await openPage(ada.context);
  await page.locator('.title').click();
  await page.getByLabel('Priority').selectOption('High');
  const sent = page.waitForRequest((request) => request.method() === 'PATCH');
  await page.getByRole('button', { name: 'Save' }).click();
  assert.deepEqual((await sent).postDataJSON(), { priority: 'high' });
});

test('what is edited stays where it is when it does not belong there any more', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  for (const title of ['One', 'Two', 'Three']) await ada.call('POST', '/api/me/tasks', { title, due_date: day() });
  const page = await openPage(ada.context);
  await waitForTitles(page, ['One', 'Two', 'Three']);
  const [{ id }] = (await ada.call('GET', '/api/me/tasks?q=One')).tasks;
  await page.getByRole('button', { name: 'One', exact: true }).click();
  await ada.call('PATCH', `/api/me/tasks/${id}`, { due_date: day(3) });
  await ada.call('POST', '/api/me/tasks', { title: 'Four', due_date: day() });
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await row(page, 'Four').waitFor();
  const shown = await page.locator('.task').evaluateAll((all) => all.map((task) => task.querySelector('.title')?.textContent ?? 'edited'));
  assert.deepEqual(shown, ['edited', 'Two', 'Three', 'Four']);
});

test('control characters that were pasted are left out', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  await ada.call('POST', '/api/me/tasks', { title: 'Sweep', due_date: day() });
  const page = await openPage(ada.context, '/#/today?tag=%07');
  await page.getByRole('button', { name: 'Sweep', exact: true }).click();
  await page.getByLabel('Title').fill('Sweep\u0007 it');
  await page.getByLabel('Description').fill('A terminal\u001b[0m\nand\ttabs\u0092');
  await page.getByLabel('Tags').fill('ho\u0000me');
  await page.getByRole('button', { name: 'Save' }).click();
  await waitForTitlesAtServer(ada, ['Sweep it']);
  const [{ description, tags }] = await tasksOf(ada);
  assert.equal(description, 'A terminal[0m\nand\ttabs');
  assert.deepEqual(tags, ['ho', 'me']);
});

test('a task that was deleted elsewhere says so when it is changed', async ({ newPerson, openPage, tolerate }) => {
  const ada = await newPerson();
  const task = await ada.call('POST', '/api/me/tasks', { title: 'Sweep', due_date: day() });
  const page = await openPage(ada.context);
  await row(page, 'Sweep').waitFor();
  await ada.call('DELETE', `/api/me/tasks/${task.id}`);
  tolerate(/status of 404/);
  await row(page, 'Sweep').getByRole('checkbox').click();
  await problem(page, '“Sweep” was deleted elsewhere.').waitFor();
  await waitForTitles(page, []);
  await page.reload();
  await problem(page, '“Sweep” was deleted elsewhere.').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Bring it back' }).count(), 0);
  await problem(page).getByRole('button', { name: 'Close message' }).click();
  await waitUntilSent(page);
});

test('what was written into a task that was deleted elsewhere can be brought back with it', async ({ newPerson, openPage, tolerate }) => {
  const ada = await newPerson();
  const task = await ada.call('POST', '/api/me/tasks', { title: 'Sweep', priority: 'high', tags: ['home'], due_date: day() });
  const page = await openPage(ada.context);
  await page.getByRole('button', { name: 'Sweep', exact: true }).click();
  await ada.call('DELETE', `/api/me/tasks/${task.id}`);
  await page.getByLabel('Description').fill('Under the bed');
  tolerate(/status of 404/);
  await page.getByRole('button', { name: 'Save' }).click();
  await problem(page, '“Sweep” was deleted elsewhere.').getByRole('button', { name: 'Bring it back' }).click();
  await waitForTitlesAtServer(ada, ['Sweep']);
  await waitForTitles(page, ['Sweep']);
  await waitUntilSent(page);
  const [{ id, description, priority, tags, due_date }] = await tasksOf(ada);
  assert.deepEqual([id, description, priority, tags, due_date], [task.id, 'Under the bed', 'high', ['home'], day()]);
});

test('the screen changes before the server has answered', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  const page = await openPage(ada.context);
  await page.getByText('Nothing due today').waitFor();
  let answer;
  const held = new Promise((done) => (answer = done));
  await page.route('**/tasks', async (route) => {
    if (route.request().method() === 'POST') await held;
    await route.fallback();
  });
  await addTask(page, 'Sweep');
  await waitForTitles(page, ['Sweep']);
  await waitForCount(page, 'Today', 1);
  await page.getByText('Saving…').waitFor();
  assert.deepEqual(await titlesOf(ada), []);
  answer();
  await waitForTitlesAtServer(ada, ['Sweep']);
  await waitFor(async () => assert.equal(await page.getByText('Saving…').isVisible(), false));
});
