// A thousand tasks.
import assert from 'node:assert/strict';
import { screenshot, test } from './harness.mjs';
import { row, waitFor, waitForCount, waitForTitles, waitUntilSent } from './page.mjs';

const COUNT = 1_000;

test('a thousand tasks are loaded by pages, scrolled, searched and changed', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  const titles = Array.from({ length: COUNT }, (_, index) => `Task ${String(index).padStart(4, '0')}`);
  for (let from = 0; from < COUNT; from += 50) {
    await Promise.all(titles.slice(from, from + 50).map((title) => ada.call('POST', '/api/me/tasks', { title, tags: ['many'] })));
  }
  const page = await ada.context.newPage();
  const asked = [];
  page.on('request', (request) => request.url().includes('sort=title') && asked.push(new URL(request.url())));
  await page.goto('/#/all?sort=title');
  await row(page, 'Task 0000').waitFor();
  await waitForCount(page, 'All', COUNT);
  assert.ok(asked.length < 5, `${asked.length} pages before anybody has scrolled`);
  assert.equal(await page.locator('.task').first().evaluate((task) => getComputedStyle(task).contentVisibility), 'auto');

  await waitFor(async () => {
    await page.mouse.wheel(0, 100_000);
    assert.equal(await page.locator('.task').count(), COUNT);
  }, 30_000);
  await waitForTitles(page, titles);
  assert.equal(new Set(asked.map((url) => url.searchParams.get('cursor'))).size, COUNT / 100);
  const last = page.locator('.task', { hasText: 'Task 0999' }); // looking by role takes long among so many
  await last.locator('.check').click();
  await last.waitFor({ state: 'detached' });
  await waitForCount(page, 'All', COUNT - 1);
  await waitUntilSent(page);
  await screenshot(page, 'a-thousand');

  await page.getByLabel('Search tasks').fill('0512');
  await waitForTitles(page, ['Task 0512']);
});
