// A thousand tasks.
import assert from 'node:assert/strict';
import { screenshot, test } from './harness.mjs';
import { row, waitFor, waitForCount, waitForTitles, waitUntilSent } from './page.mjs';

const COUNT = 1_000;

/** Gives the titles of so many tasks, in order. */
async function addMany(person, count) {
  const titles = Array.from({ length: count }, (_, index) => `Task ${String(index).padStart(4, '0')}`);
  for (let from = 0; from < count; from += 50) {
    await Promise.all(titles.slice(from, from + 50).map((title) => person.call('POST', '/api/me/tasks', { title, tags: ['many'] })));
  }
  return titles;
}

/** Scrolls to the end until that many are there. */
function scrollTo(page, count) {
  return waitFor(async () => {
    await page.mouse.wheel(0, 100_000);
    assert.equal(await page.locator('.task').count(), count);
  }, 30_000);
}

test('a thousand tasks are loaded by pages, scrolled, searched and changed', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  const titles = await addMany(ada, COUNT);
  const page = await ada.context.newPage();
  page.setDefaultTimeout(30_000); // looking by role takes long among so many
  const asked = [];
  page.on('request', (request) => request.url().includes('sort=title') && asked.push(new URL(request.url())));
  await page.goto('/#/all?sort=title');
  await row(page, 'Task 0000').waitFor();
  await waitForCount(page, 'All', COUNT);
  assert.ok(asked.length < 5, `${asked.length} pages before anybody has scrolled`);
  assert.equal(await page.locator('.task').first().evaluate((task) => getComputedStyle(task).contentVisibility), 'auto');

  await scrollTo(page, COUNT);
  await waitForTitles(page, titles);
  assert.equal(new Set(asked.map((url) => url.searchParams.get('cursor'))).size, COUNT / 100);
  const last = page.locator('.task', { hasText: 'Task 0999' });
  await last.locator('.check').click();
  await last.waitFor({ state: 'detached' });
  await waitForCount(page, 'All', COUNT - 1);
  await waitUntilSent(page);
  await screenshot(page, 'a-thousand');

  await page.getByLabel('Search tasks').fill('0512');
  await waitForTitles(page, ['Task 0512']);
});

const PAGE = /sort=title.*limit=100/;
const NEXT_PAGE = /sort=title.*cursor=/;

test('a next page that cannot be had is asked for once, and the rest is loaded on Retry', async ({ newPerson, openPage, tolerate }) => {
  const ada = await newPerson();
  const titles = await addMany(ada, 150);
  const page = await openPage(ada.context, '/#/all?sort=title');
  await row(page, 'Task 0000').waitFor();
  tolerate(/status of 500/);
  let asked = 0;
  await page.route(NEXT_PAGE, (route) => {
    asked += 1;
    return route.fulfill({ status: 500, json: { code: 'internal', detail: 'something went wrong' } });
  });
  await waitFor(async () => {
    await page.mouse.wheel(0, 100_000);
    assert.ok(await page.getByText('The list could not be loaded: something went wrong').isVisible());
  });
  await page.evaluate(async () => {
    for (let frames = 0; frames < 30; frames += 1) await new Promise(requestAnimationFrame);
  });
  assert.equal(asked, 1);
  assert.equal(await page.getByText('Loading more…').count(), 0);
  await page.unroute(NEXT_PAGE);
  await page.getByRole('button', { name: 'Retry' }).click();
  await scrollTo(page, 150);
  await waitForTitles(page, titles);
});

test('no page is left out where a refresh ends while the next one is on its way', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  const titles = await addMany(ada, 150);
  const page = await openPage(ada.context, '/#/all?sort=title');
  await row(page, 'Task 0000').waitFor();
  await waitForCount(page, 'All', 150);
  const release = {};
  const held = { refresh: new Promise((done) => (release.refresh = done)), next: new Promise((done) => (release.next = done)) };
  const isNext = (url) => NEXT_PAGE.test(url);
  await page.route(PAGE, async (route) => {
    await (isNext(route.request().url()) ? held.next : held.refresh);
    await route.fallback();
  });
  const refreshing = page.waitForRequest((request) => PAGE.test(request.url()));
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await refreshing;
  const next = page.waitForRequest((request) => isNext(request.url()));
  await page.mouse.wheel(0, 100_000);
  await next;
  const refreshed = page.waitForResponse((response) => PAGE.test(response.url()) && !isNext(response.url()));
  release.refresh();
  await (await refreshed).finished();
  await page.evaluate(() => new Promise(requestAnimationFrame));
  release.next();
  await scrollTo(page, 150);
  await waitForTitles(page, titles);
});
