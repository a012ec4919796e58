// Two tabs, two people, one browser.
import assert from 'node:assert/strict';
import { test } from './harness.mjs';
import { addTask, day, problem, refuseCreates, row, tasksOf, titlesOf, waitFor, waitForCount, waitForTitles, waitForTitlesAtServer, waitUntilSent } from './page.mjs';

test('two tabs agree at once', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  const [one, other] = [await openPage(ada.context), await openPage(ada.context)];
  await other.getByText('Nothing due today').waitFor();
  await addTask(one, 'Sweep');
  await waitForTitles(other, ['Sweep']);
  await row(other, 'Sweep').getByRole('checkbox').click();
  await waitForTitles(one, []);
  await row(one, 'Sweep').waitFor({ state: 'hidden' });
  await waitUntilSent(one);
  const tasks = await tasksOf(ada);
  assert.deepEqual(tasks.map(({ title, completed }) => [title, completed]), [['Sweep', true]]);
});

test('what one tab could not send, another does', async ({ newPerson, openPage, tolerate }) => {
  const ada = await newPerson();
  const [one, other] = [await openPage(ada.context), await openPage(ada.context)];
  await one.getByText('Nothing due today').waitFor();
  await other.getByText('Nothing due today').waitFor();
  tolerate(/ERR_INTERNET_DISCONNECTED/);
  await ada.context.setOffline(true);
  await addTask(one, 'Sweep');
  await addTask(other, 'Dust');
  await waitForTitles(other, ['Sweep', 'Dust']);
  await one.close();
  await ada.context.setOffline(false);
  await waitForTitlesAtServer(ada, ['Dust', 'Sweep']);
});

test('no tab says that it is offline when another has sent what it could not', async ({ newPerson, openPage, tolerate }) => {
  const ada = await newPerson();
  const tabs = [await openPage(ada.context), await openPage(ada.context)];
  for (const tab of tabs) await tab.getByText('Nothing due today').waitFor();
  tolerate(/ERR_FAILED/);
  // So that each has tried.
  const tried = tabs.map((tab) => tab.waitForEvent('requestfailed', (request) => request.method() === 'POST'));
  await ada.context.route('**/tasks', (route) => (route.request().method() === 'POST' ? route.abort() : route.fallback()));
  await addTask(tabs[0], 'Sweep');
  await Promise.all(tried);
  for (const tab of tabs) await tab.getByText('Offline · 1 change waits').waitFor();
  await ada.context.unroute('**/tasks');
  for (const tab of tabs) await tab.evaluate(() => dispatchEvent(new Event('focus')));
  await waitForTitlesAtServer(ada, ['Sweep']);
  for (const tab of tabs) await waitFor(async () => assert.equal(await tab.locator('.status').isVisible(), false));
});

test('what is written into a task that another tab deletes is not lost', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  for (const title of ['Dust', 'Sweep']) await ada.call('POST', '/api/me/tasks', { title, tags: ['home'], due_date: day() });
  const [page, other] = [await openPage(ada.context), await openPage(ada.context)];
  await waitForTitles(page, ['Dust', 'Sweep']);
  for (const title of ['Dust', 'Sweep']) {
    await page.getByRole('button', { name: title, exact: true }).press('Enter');
    const editor = page.getByRole('form', { name: `Edit ${title}` });
    await editor.getByLabel('Description').fill('Thoroughly');
    await row(other, title).getByRole('checkbox').press('Delete');
    await waitForCount(page, 'Today', 1);
    // The first deletion is still to be sent, the second has been.
    if (title === 'Sweep') await other.evaluate(() => dispatchEvent(new Event('pagehide')));
    if (title === 'Sweep') await waitForTitlesAtServer(ada, ['Dust']);
    await editor.getByLabel('Title').press('Enter');
    await editor.getByLabel('Title').press('Enter');
    await problem(page, `“${title}” was deleted elsewhere.`).getByRole('button', { name: 'Bring it back' }).press('Enter');
    await editor.waitFor({ state: 'detached' });
    await waitForTitles(page, ['Dust', 'Sweep']);
    await waitForTitles(other, ['Dust', 'Sweep']);
    if (title === 'Dust') await other.getByRole('button', { name: 'Undo' }).press('Enter');
    await waitUntilSent(page);
  }
  const tasks = await tasksOf(ada);
  assert.deepEqual(tasks.map(({ title, description, tags }) => [title, description, tags]), ['Dust', 'Sweep'].map((title) => [title, 'Thoroughly', ['home']]));
});

test('tabs agree on what was refused', async ({ newPerson, openPage, tolerate }) => {
  const ada = await newPerson();
  const [one, other] = [await openPage(ada.context), await openPage(ada.context)];
  await other.getByText('Nothing due today').waitFor();
  tolerate(/status of 409/);
  await refuseCreates(ada.context);
  const isSaid = (times) => waitFor(async () => assert.deepEqual([await problem(one).count(), await problem(other).count()], [times, times]));
  await addTask(one, 'Sweep');
  await isSaid(1);
  await problem(other).getByRole('button', { name: 'Close message' }).click();
  await isSaid(0);
  await addTask(one, 'Dust');
  await isSaid(1);
  await one.reload();
  await isSaid(1);
  await ada.context.unroute('**/tasks');
  await problem(other).getByRole('button', { name: 'Retry' }).click();
  await isSaid(0);
  await waitForTitles(one, ['Dust']);
  await waitForTitlesAtServer(ada, ['Dust']);
});

test('what another device has changed is there when one looks again', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  await ada.call('POST', '/api/me/tasks', { title: 'Sweep', due_date: day() });
  const page = await ada.context.newPage();
  await page.clock.install();
  await page.goto('/');
  await waitForTitles(page, ['Sweep']);
  const [{ id }] = await tasksOf(ada);
  await ada.call('DELETE', `/api/me/tasks/${id}`);
  await ada.call('POST', '/api/me/tasks', { title: 'Dust', due_date: day() });
  await page.clock.fastForward(5_000);
  await page.evaluate(() => window.dispatchEvent(new Event('focus')));
  await waitForTitles(page, ['Dust']);
});

test('two people see their own tasks only', async ({ newPerson, openPage }) => {
  const [ada, bob] = await Promise.all([newPerson(), newPerson({ name: 'Bob' })]);
  const [hers, his] = [await openPage(ada.context), await openPage(bob.context)];
  await addTask(hers, 'Hers');
  await addTask(his, 'His');
  await waitUntilSent(hers);
  await waitUntilSent(his);
  await hers.reload();
  await his.reload();
  await waitForTitles(hers, ['Hers']);
  await waitForTitles(his, ['His']);
  assert.deepEqual([await titlesOf(ada), await titlesOf(bob)], [['Hers'], ['His']]);
});

test('who signs in after somebody in the same browser sees and sends nothing of theirs', async ({ newPerson, openPage, tolerate }) => {
  const [ada, bob] = await Promise.all([newPerson(), newPerson({ name: 'Bob' })]);
  const page = await openPage(ada.context);
  await addTask(page, 'Hers');
  await waitUntilSent(page);
  tolerate(/status of 403|ERR_FAILED/);
  await page.route('**/tasks', (route) => (route.request().method() === 'POST' ? route.abort() : route.fallback()));
  await addTask(page, 'Not sent yet');
  await page.getByText('Offline · 1 change waits').waitFor();
  // Her session is replaced by his without a word to the page.
  const { email, password } = bob;
  await ada.context.request.post('/api/auth/sign-in/email', { data: { email, password }, headers: { origin: new URL(page.url()).origin } });
  await page.unroute('**/tasks');
  await page.evaluate(() => window.dispatchEvent(new Event('online')));
  await page.getByRole('link', { name: 'Bob' }).waitFor();
  await page.getByText('Nothing due today').waitFor();
  assert.deepEqual(await titlesOf(bob), []);
  assert.deepEqual(await page.evaluate((id) => localStorage.getItem(`duly:${id}:tasks`), ada.id), null);
  await page.reload();
  await page.getByText('Nothing due today').waitFor();
  assert.deepEqual([await titlesOf(ada), await titlesOf(bob)], [['Hers'], []]);
});
