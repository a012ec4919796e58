// What somebody is writing is there again, for them alone.
import assert from 'node:assert/strict';
import { test } from './harness.mjs';
import { addTask, day, endSession, openView, problem, row, signIn, waitFor, waitForTitles, waitUntilSent } from './page.mjs';

const draftsIn = (page) => page.evaluate(() => Object.keys(sessionStorage).filter((name) => name.includes(':draft:')));

test('what somebody is writing is there after a reload and in a view they come back to, in this tab alone', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  await ada.call('POST', '/api/me/tasks', { title: 'Sweep', due_date: day() });
  const page = await openPage(ada.context);
  await page.getByRole('button', { name: 'Sweep', exact: true }).click();
  const editor = page.getByRole('form', { name: 'Edit Sweep' });
  await editor.getByLabel('Description').fill('Under the bed');
  await editor.getByLabel('Tags').fill('flo');
  await page.getByLabel('New task').fill('Half a thought');
  await page.reload();
  await editor.waitFor();
  assert.equal(await editor.getByLabel('Description').inputValue(), 'Under the bed');
  assert.equal(await page.getByLabel('New task').inputValue(), 'Half a thought');
  await openView(page, 'Completed');
  await editor.waitFor({ state: 'detached' });
  await openView(page, 'Today');
  await editor.waitFor();
  assert.equal(await editor.getByLabel('Description').inputValue(), 'Under the bed');

  const other = await openPage(ada.context);
  await row(other, 'Sweep').waitFor();
  assert.equal(await other.getByLabel('New task').inputValue(), '');
  await page.getByLabel('New task').press('Enter');
  await row(page, 'Half a thought').waitFor();
  await editor.getByRole('button', { name: 'Save' }).click();
  await waitUntilSent(page);
  await page.reload();
  await waitForTitles(page, ['Sweep', 'Half a thought']);
  assert.equal(await page.getByLabel('New task').inputValue(), '');
  const { tasks } = await ada.call('GET', '/api/me/tasks?q=Sweep');
  assert.deepEqual([tasks[0].description, tasks[0].tags], ['Under the bed', ['flo']]);
});

test('what somebody is writing is kept when they look elsewhere, and no half-written tag is taken for that', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  await ada.call('POST', '/api/me/tasks', { title: 'Sweep', due_date: day() });
  const page = await openPage(ada.context);
  await page.getByRole('button', { name: 'Sweep', exact: true }).click();
  await page.getByLabel('Tags').fill('flo');
  const kept = await page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' });
    document.dispatchEvent(new Event('visibilitychange'));
    return Object.values(sessionStorage);
  });
  assert.deepEqual(kept, ['{"tags":["flo"]}']);
  assert.equal(await page.getByLabel('Tags').inputValue(), 'flo');
});

test('what somebody was writing when the session ended is there again for them alone', async ({ newPerson, newVisitor, openPage, tolerate }) => {
  const [ada, bob] = await Promise.all([newPerson(), newPerson({ name: 'Bob' })]);
  const { id } = await ada.call('POST', '/api/me/tasks', { title: 'Sweep', due_date: day(), tags: ['home'] });
  await ada.call('POST', '/api/me/tasks', { title: 'Only looked at', due_date: day() });
  const page = await openPage(ada.context);
  await page.getByRole('button', { name: 'Only looked at', exact: true }).click();
  await page.getByRole('button', { name: 'Sweep', exact: true }).click();
  const editor = page.getByRole('form', { name: 'Edit Sweep' });
  await editor.getByLabel('Description').fill('Under the\n\tbed');
  await editor.getByLabel('Time').fill('23:59');
  await editor.getByLabel('Priority').selectOption('Low');
  await editor.getByLabel('Tags').fill('floor');
  await page.getByLabel('New task').fill('Half a thought');
  tolerate(/status of 401/);
  const { request } = await endSession(page, ada, newVisitor);
  await request.patch(`/api/me/tasks/${id}`, { data: { title: 'Sweep the floor' }, headers: { origin: new URL(page.url()).origin } });

  await signIn(page, bob);
  await page.getByText('Nothing due today').waitFor();
  assert.equal(await page.getByLabel('New task').inputValue(), '');
  await page.getByRole('link', { name: 'Bob' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'sign in' }).click();
  await signIn(page, ada);
  assert.equal(await page.getByLabel('New task').inputValue(), 'Half a thought');
  await page.getByRole('button', { name: 'Only looked at', exact: true }).waitFor();
  await page.getByRole('form', { name: 'Edit Sweep the floor' }).getByRole('button', { name: 'Save' }).click();
  await row(page, 'Sweep the floor').waitFor();
  await waitUntilSent(page);
  const { title, description, due_date, priority, tags } = await (await request.get(`/api/me/tasks/${id}`)).json();
  assert.deepEqual([title, description, due_date, priority, tags], ['Sweep the floor', 'Under the\n\tbed', `${day()}T23:59:00.000Z`, 'low', ['home', 'floor']]);
  assert.deepEqual(await draftsIn(page), [`duly:${ada.id}:draft:new`]);
});

test('signing out that fails without a connection leaves the tasks and what somebody is writing as they were', async ({ newPerson, openPage, tolerate }) => {
  const ada = await newPerson();
  const page = await openPage(ada.context);
  await addTask(page, 'A secret');
  await waitUntilSent(page);
  await page.getByLabel('New task').fill('Half a secret');
  await page.getByRole('link', { name: 'Ada' }).click();
  await page.getByText('this device').waitFor();
  tolerate(/ERR_(INTERNET_DISCONNECTED|FAILED)/);
  await ada.context.setOffline(true);
  let asked = 0;
  await page.route('**/sign-out', (route) => ((asked += 1), route.abort()));
  await page.getByRole('button', { name: 'Sign out' }).dblclick();
  await problem(page, 'The server cannot be reached').waitFor();
  await waitForTitles(page, ['A secret']);
  assert.equal(await page.getByLabel('New task').inputValue(), 'Half a secret');
  assert.equal(asked, 1);
});
