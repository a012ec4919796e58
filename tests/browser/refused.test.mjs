// What becomes of a change that the server refuses: it is put back, and kept until it is retried or dismissed.
import assert from 'node:assert/strict';
import { test } from './harness.mjs';
import { addTask, day, problem, refuseCreates, row, tasksOf, titlesOf, waitFor, waitForCount, waitForTitles, waitForTitlesAtServer, waitUntilSent } from './page.mjs';

test('a change that is refused is put back, says why, and can be tried again', async ({ newPerson, openPage, tolerate }) => {
  const ada = await newPerson();
  await ada.call('POST', '/api/me/tasks', { title: 'Sweep', due_date: day() });
  const page = await openPage(ada.context);
  await waitForCount(page, 'Today', 1);
  tolerate(/status of 409/);
  await refuseCreates(page);
  await addTask(page, 'One too many');
  await page.getByRole('alert').getByText('“One too many” could not be added: you have 10000 tasks').waitFor();
  await waitForTitles(page, ['Sweep']);
  await waitForCount(page, 'Today', 1);
  await page.unroute('**/tasks');
  await page.getByRole('button', { name: 'Retry' }).click();
  await waitForTitlesAtServer(ada, ['One too many', 'Sweep']);
  await waitForCount(page, 'Today', 2);
});

test('why something was refused is said until it is read, whatever is done meanwhile', async ({ newPerson, openPage, tolerate }) => {
  const ada = await newPerson();
  const titles = ['One', 'Two', 'Three', 'Four'];
  for (const title of titles) await ada.call('POST', '/api/me/tasks', { title, due_date: day() });
  const page = await openPage(ada.context);
  await waitForCount(page, 'Today', 4);
  tolerate(/status of 409/);
  await refuseCreates(page);
  await addTask(page, 'One too many');
  const alert = page.getByRole('alert').getByText('“One too many” could not be added');
  await alert.waitFor();
  // By the keyboard: what leaves above it moves what a mouse was pointed at.
  for (const title of titles) await row(page, title).getByRole('checkbox').press('Space');
  await page.getByText('Completed “Four”', { exact: true }).waitFor();
  assert.equal(await alert.count(), 1);
  await page.unroute('**/tasks');
  await page.getByRole('button', { name: 'Retry' }).click();
  await waitFor(async () => assert.ok((await titlesOf(ada)).includes('One too many')));
});

test('a change that was refused is there when the page is loaded again, keeps no other waiting, and can be tried again', async ({ newPerson, openPage, tolerate }) => {
  const ada = await newPerson();
  await ada.call('POST', '/api/me/tasks', { title: 'Sweep', due_date: day() });
  const page = await openPage(ada.context);
  tolerate(/status of 409/);
  const keys = await refuseCreates(page);
  await addTask(page, 'One too many');
  await problem(page, 'One too many').waitFor();
  await page.reload();
  await problem(page, '“One too many” could not be added: you have 10000 tasks').waitFor();
  assert.equal(await problem(page).count(), 1);
  await waitForTitles(page, ['Sweep']);
  await waitForCount(page, 'Today', 1);
  await row(page, 'Sweep').getByRole('checkbox').click();
  await waitFor(async () => assert.equal((await tasksOf(ada))[0].completed, true));
  assert.equal(await page.locator('.status').isVisible(), false);
  assert.equal(keys.length, 1);

  await page.unroute('**/tasks');
  const sent = page.waitForRequest((request) => request.method() === 'POST');
  await problem(page).getByRole('button', { name: 'Retry' }).click();
  assert.equal((await sent).headers()['idempotency-key'], keys[0]);
  await waitForTitlesAtServer(ada, ['One too many', 'Sweep']);
  await waitUntilSent(page);
  await page.reload();
  await waitForTitles(page, ['One too many']);
  assert.equal(await problem(page).count(), 0);
});

test('a change that was refused is forgotten when its message is dismissed', async ({ newPerson, openPage, tolerate }) => {
  const ada = await newPerson();
  const page = await openPage(ada.context);
  tolerate(/status of 409/);
  await refuseCreates(page);
  await addTask(page, 'One too many');
  await problem(page).getByRole('button', { name: 'Close message' }).click();
  await waitUntilSent(page);
  await page.unroute('**/tasks');
  await page.reload();
  await addTask(page, 'Another');
  await waitForTitlesAtServer(ada, ['Another']);
  assert.equal(await problem(page).count(), 0);
});

test('what was changed of a task that could not be added waits with it', async ({ newPerson, openPage, tolerate }) => {
  const ada = await newPerson();
  const page = await openPage(ada.context);
  await page.getByText('Nothing due today').waitFor();
  tolerate(/status of 409/);
  let answer;
  await refuseCreates(page, new Promise((done) => (answer = done)));
  await addTask(page, 'Cook');
  await page.getByRole('button', { name: 'Cook', exact: true }).click();
  await page.getByLabel('Title').fill('Cook for twelve');
  await page.getByLabel('Title').press('Enter');
  await waitForTitles(page, ['Cook for twelve']);
  answer();
  await problem(page, '“Cook” could not be added').waitFor();
  await waitForTitles(page, []);
  await page.unroute('**/tasks');
  await page.reload();
  await problem(page).getByRole('button', { name: 'Retry' }).click();
  await waitForTitlesAtServer(ada, ['Cook for twelve']);
});

test('of many changes that were refused three are explained at a time, and the latest hundred are kept', async ({ newPerson, openPage, tolerate }) => {
  const ada = await newPerson();
  const page = await openPage(ada.context);
  await page.getByText('Nothing due today').waitFor();
  await page.evaluate((userId) => {
    for (let number = 100; number < 200; number += 1) {
      const id = `018f0000-0000-7000-8000-000000000${number}`;
      const refusal = { id, message: 'too many', code: 'quota_exceeded' };
      const change = { id, kind: 'create', task: id, title: `Number ${number}`, body: { id, title: `Number ${number}` }, refusal };
      localStorage.setItem(`duly:${userId}:change:${id}`, JSON.stringify(change));
    }
  }, ada.id);
  await page.reload();
  await problem(page, 'Number 197').waitFor();
  assert.equal(await problem(page).count(), 3);
  tolerate(/status of 409/);
  await refuseCreates(page);
  await addTask(page, 'One too many');
  await problem(page, 'One too many').waitFor();
  assert.deepEqual(await problem(page).locator('p').evaluateAll((all) => all.map((words) => words.textContent.split('”')[0])), ['“Number 198', '“Number 199', '“One too many']);
  const kept = await page.evaluate(() => Object.keys(localStorage).filter((name) => name.includes(':change:')).sort());
  assert.equal(kept.length, 100);
  assert.match(kept[0], /101$/);
  await problem(page, 'One too many').getByRole('button', { name: 'Close message' }).click();
  await problem(page, 'Number 197').waitFor();
});

test('a change that something on the way turns away every time is explained, and keeps no other waiting', async ({ newPerson, openPage, tolerate }) => {
  const ada = await newPerson();
  const page = await openPage(ada.context);
  await page.getByText('Nothing due today').waitFor();
  tolerate(/status of 403/);
  let times = 0;
  await page.route('**/tasks', (route) => {
    if (route.request().method() !== 'POST' || !route.request().postData().includes('select')) return route.fallback();
    times += 1;
    return route.fulfill({ status: 403, contentType: 'text/html', body: '<h1>Request blocked</h1>' });
  });
  await addTask(page, 'Union select all');
  await addTask(page, 'Later');
  await waitFor(async () => {
    await page.evaluate(() => dispatchEvent(new Event('focus')));
    assert.equal(await problem(page).count(), 1);
  });
  await problem(page, '“Union select all” could not be added: Something on the way to the server does not let this through (status 403).').waitFor();
  assert.equal(times, 6);
  await waitForTitlesAtServer(ada, ['Later']);
  await waitFor(async () => assert.equal(await page.locator('.status').isVisible(), false));
  await page.unroute('**/tasks');
  await problem(page).getByRole('button', { name: 'Retry' }).click();
  await waitForTitlesAtServer(ada, ['Later', 'Union select all']);
});

test('a change that another version of the page has left here is explained, and keeps no other waiting', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  const { id: task } = await ada.call('POST', '/api/me/tasks', { title: 'Sweep', due_date: day() });
  const page = await openPage(ada.context);
  await row(page, 'Sweep').waitFor();
  await page.evaluate(([userId, task]) => {
    const id = '018f0000-0000-7000-8000-000000000100';
    localStorage.setItem(`duly:${userId}:change:${id}`, JSON.stringify({ id, kind: 'share', task, title: 'Sweep', notBefore: 0 }));
  }, [ada.id, task]);
  await page.reload();
  await problem(page, '“Sweep” could not be changed: This version of the page cannot send it.').waitFor();
  await addTask(page, 'Later');
  await waitForTitlesAtServer(ada, ['Later', 'Sweep']);
  await waitForTitles(page, ['Sweep', 'Later']);
});

test('a change that was refused where there is no room is not sent again by itself either', async ({ newPerson, openPage, tolerate }) => {
  const ada = await newPerson();
  const page = await openPage(ada.context);
  await page.getByText('Nothing due today').waitFor();
  tolerate(/status of 409/);
  let answer;
  const keys = await refuseCreates(page, new Promise((done) => (answer = done)));
  await addTask(page, 'One too many');
  await waitFor(() => assert.equal(keys.length, 1));
  await page.evaluate(() => {
    for (let size = 2 ** 23, filling = ''; size >= 1; ) {
      try {
        localStorage.setItem('filling', filling + 'x'.repeat(size));
        filling += 'x'.repeat(size);
      } catch {
        size /= 2;
      }
    }
  });
  answer();
  await problem(page, 'One too many').waitFor();
  await page.evaluate(() => window.dispatchEvent(new Event('focus')));
  await waitForTitles(page, []);
  // A later one goes out, so this one's turn would have come.
  await addTask(page, 'Later');
  await waitFor(() => assert.equal(keys.length, 2));
  assert.notEqual(keys[0], keys[1]);
  const asked = page.waitForEvent('dialog');
  const closed = page.close({ runBeforeUnload: true });
  assert.equal((await asked).type(), 'beforeunload');
  await (await asked).dismiss();
  await closed;
  await problem(page, 'One too many').waitFor();
});
