// The page as the tests use it: as somebody would, by what is written on it.
import assert from 'node:assert/strict';

/** The day so many days from now, in UTC, which is the zone of people here unless they say otherwise. */
export function day(distance = 0) {
  return new Date(Date.now() + distance * 86_400_000).toISOString().slice(0, 10);
}

/** The row of a task. */
export function row(page, title) {
  return page.locator('.task:not(.is-leaving)').filter({ has: page.getByRole('button', { name: title, exact: true }) });
}

export async function addTask(page, line) {
  await page.getByLabel('New task').fill(line);
  await page.getByLabel('New task').press('Enter');
}

/** Waits until the list has exactly these titles, in this order. */
export async function waitForTitles(page, titles) {
  await waitFor(async () => {
    const shown = await page.locator('.task:not(.is-leaving) .title').allTextContents();
    assert.deepEqual(shown, titles);
  });
}

export async function openView(page, name) {
  await page.getByRole('navigation').getByRole('link', { name: new RegExp(`^${name}`) }).click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
}

/** Waits until a view is counted so. */
export function waitForCount(page, view, count) {
  return page.getByRole('link', { name: `${view} ${count} ${count === 1 ? 'task' : 'tasks'}`, exact: true }).waitFor();
}

/** The messages that say what went wrong, with these words in them. */
export function problem(page, words = '') {
  return page.getByRole('region', { name: 'Messages' }).getByRole('alert').filter({ hasText: words });
}

/**
 * As if there were as many tasks as there may be, until `**\/tasks` is unrouted; of a page or of all of a context. Each
 * answer waits for `held`. Gives the idempotency keys, as they come.
 */
export async function refuseCreates(target, held = null) {
  const keys = [];
  const json = { status: 409, code: 'quota_exceeded', detail: 'you have 10000 tasks, which is as many as you may keep' };
  await target.route('**/tasks', async (route) => {
    if (route.request().method() !== 'POST') return route.fallback();
    keys.push(route.request().headers()['idempotency-key']);
    await held;
    return route.fulfill({ status: 409, json });
  });
  return keys;
}

/** All tasks of somebody as the server has them, by title. */
export async function tasksOf(person, search = '') {
  const tasks = [];
  for (let cursor = ''; cursor !== null; ) {
    const page = await person.call('GET', `/api/me/tasks?limit=100&sort=title${search}${cursor && `&cursor=${cursor}`}`);
    tasks.push(...page.tasks);
    cursor = page.next_cursor;
  }
  return tasks;
}

export async function titlesOf(person) {
  return (await tasksOf(person)).map(({ title }) => title);
}

/** Waits until the server has exactly these tasks, each once. */
export function waitForTitlesAtServer(person, titles) {
  return waitFor(async () => assert.deepEqual(await titlesOf(person), titles));
}

/** Signs somebody in on another device, which this gives. */
export async function signInElsewhere(person, newVisitor) {
  const context = await newVisitor({ userAgent: 'Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0' });
  const { email, password } = person;
  const answer = await context.request.post('/api/auth/sign-in/email', { data: { email, password } });
  assert.equal(answer.status(), 200);
  return context;
}

/** Ends the session in a page from another device, which this gives, and waits until the page has noticed. */
export async function endSession(page, person, newVisitor) {
  const elsewhere = await signInElsewhere(person, newVisitor);
  const { origin } = new URL(page.url());
  const ended = await elsewhere.request.post('/api/auth/revoke-other-sessions', { data: {}, headers: { origin } });
  assert.equal(ended.status(), 200);
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await page.getByText('Your session has ended').waitFor();
  return elsewhere;
}

/** By the form. */
export async function signIn(page, { email, password }) {
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByLabel('New task').waitFor();
}

/** Waits until nothing is queued in this browser any more. */
export function waitUntilSent(page) {
  return page.waitForFunction(() => Object.keys(localStorage).every((name) => !name.includes(':change:')));
}

/** Tries until it does not throw. */
export async function waitFor(check, patience = 10_000) {
  const end = Date.now() + patience;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((done) => setTimeout(done, 50));
    }
  }
}
