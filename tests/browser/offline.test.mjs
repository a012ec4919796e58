// The connection is lost, answers are lost, and nothing else is: no change is missing, none happens twice.
import assert from 'node:assert/strict';
import { test } from './harness.mjs';
import { addTask, day, openView, row, tasksOf, titlesOf, waitFor, waitForCount, waitForTitles, waitForTitlesAtServer, waitUntilSent } from './page.mjs';

const LOST = /ERR_(INTERNET_DISCONNECTED|FAILED|CONNECTION_FAILED)/;
const isWrite = (route) => route.request().method() !== 'GET';

test('what is done without a connection goes out when it returns', async ({ newPerson, openPage, tolerate }) => {
  const ada = await newPerson();
  await ada.call('POST', '/api/me/tasks', { title: 'Sweep', due_date: day() });
  await ada.call('POST', '/api/me/tasks', { title: 'Dust', due_date: day() });
  const page = await openPage(ada.context);
  await row(page, 'Sweep').waitFor();
  tolerate(LOST);
  await ada.context.setOffline(true);
  await addTask(page, 'Cook !high');
  await addTask(page, 'Bake');
  await row(page, 'Sweep').getByRole('checkbox').click();
  await page.getByRole('button', { name: 'Dust', exact: true }).click();
  await page.getByLabel('Title').fill('Dust the shelves');
  await page.getByLabel('Title').press('Enter');
  await page.getByText('Offline · 4 changes wait').waitFor();
  await waitForTitles(page, ['Cook', 'Dust the shelves', 'Bake']);
  await waitForCount(page, 'Today', 3);
  assert.deepEqual(await titlesOf(ada), ['Dust', 'Sweep']);

  await ada.context.setOffline(false);
  await waitUntilSent(page);
  await waitFor(async () => assert.equal(await page.locator('.status').isVisible(), false));
  await waitForTitles(page, ['Cook', 'Dust the shelves', 'Bake']);
  const tasks = await tasksOf(ada);
  assert.deepEqual(tasks.map(({ title, completed }) => [title, completed]), [['Bake', false], ['Cook', false], ['Dust the shelves', false], ['Sweep', true]]);
});

test('an answer that is lost after the server has acted doubles nothing', async ({ newPerson, openPage, tolerate }) => {
  const ada = await newPerson();
  const page = await openPage(ada.context);
  await page.getByText('Nothing due today').waitFor();
  tolerate(LOST);
  const seen = new Map();
  // Of each write the first answer is lost on its way.
  await page.route('**/api/*/tasks{,/**}', async (route) => {
    const key = route.request().headers()['idempotency-key'];
    const times = (seen.get(key) ?? 0) + 1;
    if (!isWrite(route)) return route.fallback();
    seen.set(key, times);
    if (times > 1) return route.fallback();
    await route.fetch();
    return route.abort();
  });
  await addTask(page, 'Once');
  await row(page, 'Once').getByRole('checkbox').click();
  await waitFor(() => assert.deepEqual([...seen.values()].filter((times) => times >= 2).length, 2));
  await waitUntilSent(page);
  assert.equal(seen.size, 2);
  const tasks = await tasksOf(ada);
  assert.deepEqual(tasks.map(({ title, completed }) => [title, completed]), [['Once', true]]);
});

test('a create whose key is forgotten by now is known by its id', async ({ newPerson, openPage, tolerate }) => {
  const ada = await newPerson();
  const page = await openPage(ada.context);
  await page.getByText('Nothing due today').waitFor();
  tolerate(LOST);
  tolerate(/status of 409/);
  let times = 0;
  await page.route('**/tasks', async (route) => {
    if (!isWrite(route)) return route.fallback();
    times += 1;
    const headers = { ...route.request().headers(), 'idempotency-key': `"${times}"` };
    if (times > 1) return route.continue({ headers });
    await route.fetch({ headers });
    return route.abort();
  });
  await addTask(page, 'Once');
  await waitUntilSent(page);
  await waitForTitles(page, ['Once']);
  assert.equal(await page.getByRole('alert').filter({ hasText: 'Once' }).count(), 0);
  assert.deepEqual(await titlesOf(ada), ['Once']);
});

test('a server that is busy is asked again when it says so', async ({ newPerson, openPage, tolerate }) => {
  const ada = await newPerson();
  const page = await openPage(ada.context);
  await page.getByText('Nothing due today').waitFor();
  tolerate(/status of 503/);
  let times = 0;
  await page.route('**/tasks', (route) => {
    if (!isWrite(route)) return route.fallback();
    times += 1;
    return times <= 2 ? route.fulfill({ status: 503, json: {}, headers: { 'retry-after': '1' } }) : route.fallback();
  });
  await addTask(page, 'Patience');
  await page.getByText('The server is busy · 1 change waits').waitFor();
  await waitForTitlesAtServer(ada, ['Patience']);
  assert.equal(times, 3);
});

test('the page starts without a connection, with what it knows, and a closed tab loses no change', async ({ newPerson, openPage, tolerate }) => {
  const ada = await newPerson();
  await ada.call('POST', '/api/me/tasks', { title: 'Known', due_date: day() });
  const page = await openPage(ada.context);
  await row(page, 'Known').waitFor();
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
  await waitFor(async () => assert.ok(await page.evaluate(() => Object.keys(localStorage).some((name) => name.endsWith(':tasks')))));
  tolerate(LOST);
  await ada.context.setOffline(true);
  await addTask(page, 'Written offline');
  await waitForTitles(page, ['Known', 'Written offline']);
  await page.close();
  const again = await ada.context.newPage();
  await again.goto('/');
  await waitForTitles(again, ['Known', 'Written offline']);
  await again.getByText('Offline · 1 change waits').waitFor();
  await ada.context.setOffline(false);
  await waitForTitlesAtServer(ada, ['Known', 'Written offline']);
  await waitUntilSent(again);
});

test('what was deleted on another device is forgotten here, and what the server says counts more than what was kept', async ({ newPerson, openPage, tolerate }) => {
  const ada = await newPerson();
  const { id } = await ada.call('POST', '/api/me/tasks', { title: 'Gone', tags: ['old'] });
  const { id: other } = await ada.call('POST', '/api/me/tasks', { title: 'Left', tags: ['new'] });
  const page = await openPage(ada.context, '/#/completed');
  const tags = page.getByRole('region', { name: 'Filters' }).getByRole('list').last().getByRole('button');
  const waitForTags = (names) => waitFor(async () => assert.deepEqual(await tags.allTextContents(), names));
  await waitForTags(['new', 'old']);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
  await page.goto('/healthz');
  await ada.call('DELETE', `/api/me/tasks/${id}`);
  await page.evaluate(([userId, id]) => {
    const name = `duly:${userId}:tasks`;
    const kept = JSON.parse(localStorage.getItem(name));
    // As before a backup was restored.
    const changed = kept.map((task) => (task.id === id ? { ...task, title: 'Never was', tags: ['newer'], version: 99 } : task));
    localStorage.setItem(name, JSON.stringify(changed));
  }, [ada.id, other]);
  await page.goto('/#/completed');
  await waitForTags(['new']);
  await page.goto('/healthz');
  tolerate(LOST);
  await ada.context.setOffline(true);
  await page.goto('/#/all');
  await waitForTitles(page, ['Left']);
  await waitForTags(['new']);
  await openView(page, 'Today');
  await page.getByText('Not loaded yet').waitFor();
});

const FOREIGN = [
  ['the page of a network that wants a visitor to sign in', { status: 200, contentType: 'text/html', body: '<h1>Welcome to the hotel</h1>' }],
  ['a way to somewhere else', { status: 302, headers: { location: '/' } }],
  ['a proxy that knows no such host', { status: 404, contentType: 'text/plain', body: '404 page not found' }],
  ['a proxy that has broken', { status: 500, contentType: 'text/html', body: '<h1>Internal Server Error</h1>' }],
];

for (const [what, answer] of FOREIGN) {
  test(`a change is neither done nor refused by what others answer: ${what}`, async ({ newPerson, openPage, tolerate }) => {
    const ada = await newPerson();
    const page = await openPage(ada.context);
    await page.getByText('Nothing due today').waitFor();
    if (answer.status !== 200) tolerate(/status of (404|500)|ERR_FAILED/);
    let times = 0;
    await page.route('**/tasks', (route) => {
      if (!isWrite(route)) return route.fallback();
      times += 1;
      return times <= 2 ? route.fulfill(answer) : route.fallback();
    });
    await addTask(page, 'Kept');
    await page.getByText('Offline · 1 change waits').waitFor();
    await waitForTitlesAtServer(ada, ['Kept']);
    await waitUntilSent(page);
    assert.equal(times, 3);
    assert.equal(await page.getByRole('alert').count(), 0);
  });
}

test('a session is not over because of what others answer', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  const page = await openPage(ada.context);
  await page.getByText('Nothing due today').waitFor();
  await page.route('**/get-session', (route) => route.fulfill({ status: 200, contentType: 'text/html', body: '<h1>Welcome</h1>' }));
  await page.reload();
  await page.getByText('Nothing due today').waitFor();
});

test('changes keep their order when the clock is set back', async ({ newPerson, openPage, tolerate }) => {
  const ada = await newPerson();
  const page = await openPage(ada.context);
  await page.getByText('Nothing due today').waitFor();
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
  tolerate(LOST);
  await ada.context.setOffline(true);
  const now = Date.now();
  await page.clock.setFixedTime(now + 90_000);
  await addTask(page, 'Made by a clock that is fast');
  await page.getByText('Offline · 1 change waits').waitFor();
  await page.close();
  const again = await ada.context.newPage();
  await again.goto('/');
  await row(again, 'Made by a clock that is fast').getByRole('checkbox').click();
  await again.getByText('Offline · 2 changes wait').waitFor();
  await ada.context.setOffline(false);
  await waitUntilSent(again);
  const tasks = await tasksOf(ada);
  assert.deepEqual(tasks.map(({ title, completed }) => [title, completed]), [['Made by a clock that is fast', true]]);
});
