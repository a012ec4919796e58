// One's own account.
import assert from 'node:assert/strict';
import { test } from './harness.mjs';
import { addTask, endSession, problem, refuseCreates, signIn, signInElsewhere, waitFor, waitForTitles, waitUntilSent } from './page.mjs';

const keptOf = (page, person) =>
  page.evaluate((id) => [localStorage, sessionStorage].flatMap(Object.keys).filter((name) => name.includes(id)), person.id);

test('sessions are listed, this one is marked, and another can be ended', async ({ newPerson, newVisitor, openPage, tolerate }) => {
  const ada = await newPerson();
  const elsewhere = await openPage(await signInElsewhere(ada, newVisitor));
  await elsewhere.getByLabel('New task').waitFor();
  const page = await openPage(ada.context, '/#/account');
  const sessions = page.locator('.sessions li');
  await page.getByText('Firefox on Windows').waitFor();
  assert.equal(await sessions.count(), 2);
  assert.equal(await sessions.filter({ hasText: 'this device' }).getByRole('button').count(), 0);
  await page.getByRole('button', { name: 'End the session in Firefox on Windows' }).click();
  await waitFor(async () => assert.equal(await sessions.count(), 1));

  tolerate(/status of 401/);
  await addTask(elsewhere, 'Not lost');
  await elsewhere.getByText('Sign in again to send a change that you made.').waitFor();
  assert.equal(await elsewhere.getByLabel('E-mail').inputValue(), ada.email);
  await elsewhere.getByLabel('Password').fill(ada.password);
  await elsewhere.getByRole('button', { name: 'Sign in', exact: true }).click();
  await waitForTitles(elsewhere, ['Not lost']);
  await waitUntilSent(elsewhere);
});

test('who ends a session with the keyboard goes on in the list', async ({ newPerson, newVisitor, openPage }) => {
  const ada = await newPerson();
  await signInElsewhere(ada, newVisitor);
  const page = await openPage(ada.context, '/#/account');
  await page.getByRole('button', { name: 'End the session in Firefox on Windows' }).press('Enter');
  await waitFor(async () => assert.equal(await page.locator('.sessions li').count(), 1));
  await waitFor(async () => assert.equal(await page.evaluate(() => document.activeElement.className), 'sessions'));
});

test('the password is changed, and other devices are signed out', async ({ newPerson, newVisitor, openPage, tolerate }) => {
  const ada = await newPerson();
  const elsewhere = await signInElsewhere(ada, newVisitor);
  const page = await openPage(ada.context, '/#/account');
  tolerate(/status of 400/);
  const change = page.getByRole('button', { name: 'Change password' });
  await page.getByLabel('Current password').fill('not the password');
  await page.getByLabel('New password').fill('battery staple');
  await change.click();
  await page.getByText('This is not your password.').waitFor();
  await page.getByLabel('Current password').fill(ada.password);
  await change.click();
  await page.getByText('Your password is changed').first().waitFor();
  const session = await (await elsewhere.request.get('/api/auth/get-session')).json();
  assert.equal(session, null);
  await page.goto('/#/today');
  await addTask(page, 'Still here');
  await waitUntilSent(page);
});

test('signing out leaves nothing of a person in the browser', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  const page = await openPage(ada.context);
  const other = await openPage(ada.context);
  await addTask(page, 'A secret');
  await waitForTitles(other, ['A secret']);
  await other.getByLabel('New task').fill('Half a secret');
  await waitFor(async () => assert.notDeepEqual(await keptOf(page, ada), []));
  await page.goto('/#/account');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Create your account' }).waitFor();
  await other.getByRole('heading', { name: 'Create your account' }).waitFor();
  assert.deepEqual(await keptOf(page, ada), []);
  assert.equal(await page.evaluate(() => JSON.stringify(localStorage)), '{}');
});

test('an answer that comes after somebody has left brings nothing of them back', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  const page = await openPage(ada.context);
  await page.getByLabel('New task').waitFor();
  let release;
  const held = new Promise((done) => (release = done));
  await page.route('**/get-session', async (route) => {
    const answer = await route.fetch();
    await held;
    await route.fulfill({ response: answer });
  }, { times: 1 });
  const late = page.waitForResponse('**/get-session');
  await page.getByRole('link', { name: 'Ada' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Create your account' }).waitFor();
  release();
  await (await late).finished();
  assert.equal(await page.evaluate(() => JSON.stringify(localStorage)), '{}');
});

test('whoever signs out and does not wait for the answer leaves nothing behind either', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  const page = await openPage(ada.context);
  await addTask(page, 'A secret');
  await waitUntilSent(page);
  await waitFor(async () => assert.notDeepEqual(await keptOf(page, ada), []));
  await page.route('**/sign-out', () => {});
  await page.goto('/#/account');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await waitFor(async () => assert.deepEqual(await keptOf(page, ada), []));
  await page.close({ runBeforeUnload: true });
  const again = await openPage(ada.context, '/healthz');
  assert.deepEqual(await keptOf(again, ada), []);
});

test('signing out that fails says so, and the tasks are there as before', async ({ newPerson, openPage, tolerate }) => {
  const ada = await newPerson();
  const page = await openPage(ada.context);
  await addTask(page, 'A secret');
  await waitUntilSent(page);
  tolerate(/ERR_FAILED/);
  await page.route('**/sign-out', (route) => route.abort());
  await page.getByRole('link', { name: 'Ada' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('alert').getByText('The server cannot be reached').waitFor();
  await waitForTitles(page, ['A secret']);
  await addTask(page, 'Another');
  await waitForTitles(page, ['A secret', 'Another']);
  await waitUntilSent(page);
});

test('a session that was ended elsewhere leaves no tasks in the browser', async ({ newPerson, newVisitor, openPage, tolerate }) => {
  const ada = await newPerson();
  const page = await openPage(ada.context);
  await addTask(page, 'A secret');
  await waitUntilSent(page);
  await waitFor(async () => assert.notDeepEqual(await keptOf(page, ada), []));
  tolerate(/status of 401/);
  await endSession(page, ada, newVisitor);
  await waitFor(async () => assert.deepEqual(await keptOf(page, ada), []));
});

test('what somebody looked for is not shown to whoever signs in next', async ({ newPerson, newVisitor, openPage }) => {
  const ada = await newPerson();
  const grace = await newPerson({ name: 'Grace' });
  const page = await openPage(ada.context, '/#/all?tag=clinic&q=appointment');
  const other = await openPage(ada.context, '/#/account');
  await other.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Create your account' }).waitFor();
  assert.equal(new URL(page.url()).hash, '#/today');
  await page.getByRole('button', { name: 'Sign in' }).first().click();
  await page.getByLabel('E-mail').fill(grace.email);
  await page.getByLabel('Password').fill(grace.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await addTask(page, 'Mine');
  await waitUntilSent(page);
  const { tasks } = await grace.call('GET', '/api/me/tasks');
  assert.deepEqual(tasks.map(({ title, tags }) => [title, tags]), [['Mine', []]]);
});

test('a refusal that comes after an account was deleted leaves nothing behind', async ({ newPerson, openPage, tolerate }) => {
  const ada = await newPerson();
  const page = await openPage(ada.context);
  await page.getByText('Nothing due today').waitFor();
  let answer;
  const keys = await refuseCreates(page, new Promise((done) => (answer = done)));
  await addTask(page, 'A secret');
  await waitFor(() => assert.equal(keys.length, 1));
  const late = page.waitForResponse((response) => response.status() === 409);
  await page.getByRole('link', { name: 'Ada' }).click();
  await page.getByLabel('Your password').fill(ada.password);
  await page.getByRole('button', { name: 'Delete my account' }).click();
  await page.getByRole('heading', { name: 'Create your account' }).waitFor();
  tolerate(/status of 409/);
  answer();
  await (await late).finished();
  assert.deepEqual(await keptOf(page, ada), []);
  assert.equal(await problem(page).count(), 0);
});

test('signing out without a connection asks before changes are lost', async ({ newPerson, openPage, tolerate }) => {
  const ada = await newPerson();
  const page = await openPage(ada.context);
  await page.getByText('Nothing due today').waitFor();
  tolerate(/ERR_INTERNET_DISCONNECTED/);
  await ada.context.setOffline(true);
  await addTask(page, 'On its way');
  await page.getByText('Offline · 1 change waits').waitFor();
  await page.getByRole('link', { name: 'Ada' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('dialog').getByText('A change is not saved on the server').waitFor();
  await page.keyboard.press('1');
  assert.equal(new URL(page.url()).hash, '#/account');
  await page.getByRole('button', { name: 'Stay' }).click();
  await ada.context.setOffline(false);
  await waitUntilSent(page);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Create your account' }).waitFor();
  assert.equal((await ada.context.request.get('/api/me/tasks')).status(), 401);
});

test('what was refused waits for who comes back, and signing out asks before it is forgotten', async ({ newPerson, newVisitor, openPage, tolerate }) => {
  const ada = await newPerson();
  const page = await openPage(ada.context);
  await page.getByText('Nothing due today').waitFor();
  tolerate(/status of 4(01|09)/);
  await refuseCreates(page);
  await addTask(page, 'One too many');
  await problem(page, 'One too many').waitFor();
  await endSession(page, ada, newVisitor);
  assert.equal(await problem(page).count(), 0);
  await signIn(page, ada);
  await problem(page, 'One too many').waitFor();

  await page.getByRole('link', { name: 'Ada' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('dialog').getByText('A change is not saved on the server').waitFor();
  await page.getByRole('button', { name: 'Sign out and lose them' }).click();
  await page.getByRole('heading', { name: 'Create your account' }).waitFor();
  assert.equal(await problem(page).count(), 0);
  assert.equal(await page.evaluate(() => JSON.stringify(localStorage)), '{}');
  await page.getByRole('button', { name: 'sign in' }).click();
  await signIn(page, ada);
  await page.getByText('Nothing due today').waitFor();
  assert.equal(await problem(page).count(), 0);
});

test('a tab that finds out by itself that somebody has left keeps nothing of them either', async ({ newPerson, openPage, tolerate }) => {
  const ada = await newPerson();
  const [page, other] = [await openPage(ada.context, '/#/account'), await openPage(ada.context)];
  await other.getByLabel('New task').fill('Half a secret');
  tolerate(/status of 401/);
  let release;
  const held = new Promise((done) => (release = done));
  await page.route('**/sign-out', async (route) => {
    const answer = await route.fetch();
    await held;
    await route.fulfill({ response: answer });
  });
  await page.getByRole('button', { name: 'Sign out' }).click();
  await waitFor(async () => assert.equal((await ada.context.request.get('/api/me/tasks')).status(), 401));
  await other.evaluate(() => dispatchEvent(new Event('online')));
  await other.getByRole('heading', { name: 'Create your account' }).waitFor();
  release();
  await page.getByRole('heading', { name: 'Create your account' }).waitFor();
  await waitFor(async () => assert.deepEqual(await keptOf(other, ada), []));
});

test('an account is deleted with all that is in it', async ({ newPerson, openPage, tolerate }) => {
  const ada = await newPerson();
  const page = await openPage(ada.context);
  await addTask(page, 'To be forgotten');
  await waitUntilSent(page);
  await page.getByRole('link', { name: 'Ada' }).click();
  await page.getByText('all your tasks and everything else').waitFor();
  tolerate(/status of 400/);
  await page.getByLabel('Your password').fill('not the password');
  await page.getByRole('button', { name: 'Delete my account' }).click();
  await page.getByText('This is not your password.').waitFor();
  await page.getByLabel('Your password').fill(ada.password);
  await page.getByRole('button', { name: 'Delete my account' }).click();
  await page.getByRole('heading', { name: 'Create your account' }).waitFor();
  assert.deepEqual(await keptOf(page, ada), []);
  const { email, password } = ada;
  const answer = await ada.context.request.post('/api/auth/sign-in/email', { data: { email, password }, headers: { origin: new URL(page.url()).origin } });
  assert.equal(answer.status(), 401);
});
