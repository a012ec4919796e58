// The page opens.
import assert from 'node:assert/strict';
import { assertAccessible, screenshot, test } from './harness.mjs';

for (const colorScheme of ['light', 'dark']) {
  test(`the start opens, ${colorScheme}`, async ({ newVisitor, openPage }) => {
    const page = await openPage(await newVisitor({ colorScheme }));
    await page.getByText('Not signed in').waitFor();
    assert.equal(await page.title(), 'duly');
    await assertAccessible(page);
    await screenshot(page, `start-${colorScheme}`);
  });
}

test('somebody who is signed in is known', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  const page = await openPage(ada.context);
  await page.getByText(ada.email).waitFor();
  await assertAccessible(page);
});

test('the shell is kept by a worker', async ({ newVisitor, openPage }) => {
  const page = await openPage(await newVisitor());
  const kept = await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    const [name] = await caches.keys();
    const requests = await (await caches.open(name)).keys();
    return requests.map((request) => new URL(request.url).pathname);
  });
  assert.ok(kept.includes('/') && kept.some((path) => /^\/assets\/[0-9a-f]{16}\/app\.js$/.test(path)), `${kept}`);
});
