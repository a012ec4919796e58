// Somebody comes for the first time: signs up, and has three tasks with dates.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from './harness.mjs';
import { addTask, day, tasksOf, waitForTitles, waitUntilSent } from './page.mjs';

const password = 'correct horse battery';
const newEmail = () => `${randomUUID()}@example.com`;

test('a newcomer signs up, adds three tasks with dates, leaves and comes back', async ({ newVisitor, openPage }) => {
  const page = await openPage(await newVisitor());
  const email = newEmail();
  await page.getByLabel('Name').fill('Grace');
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByText('Nothing due today').waitFor();
  await addTask(page, 'Water the plants');
  await addTask(page, 'Pay the rent tomorrow !high');
  await addTask(page, `Dentist ${day(3)} #health`);
  await page.getByRole('link', { name: /^All/ }).click();
  await waitForTitles(page, ['Water the plants', 'Pay the rent', 'Dentist']);
  await waitUntilSent(page);

  await page.getByRole('link', { name: 'Grace' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Create your account' }).waitFor();
  await page.getByRole('button', { name: 'sign in' }).click();
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await waitForTitles(page, ['Water the plants']);
});

test('what is wrong with a form is said at the field', async ({ newPerson, newVisitor, openPage, tolerate }) => {
  const ada = await newPerson();
  const page = await openPage(await newVisitor());
  tolerate(/status of 4(01|22)/);
  const create = page.getByRole('button', { name: 'Create account' });
  const problem = (label) =>
    page.getByLabel(label).evaluate((input) => {
      const ids = input.getAttribute('aria-describedby').split(' ');
      return input.getAttribute('aria-invalid') && document.getElementById(ids.at(-1)).textContent;
    });
  await page.getByLabel('Name').fill('Ada');
  await page.getByLabel('E-mail').fill('nobody');
  await page.getByLabel('Password').fill('short');
  await create.click();
  assert.match(await problem('E-mail'), /@/);
  assert.match(await problem('Password'), /8/);

  await page.getByLabel('E-mail').fill(ada.email);
  await page.getByLabel('Password').fill(password);
  await create.click();
  await page.getByText('There is an account with this address already').waitFor();
  assert.match(await problem('E-mail'), /already/);
  assert.equal(await page.evaluate(() => document.activeElement.name), 'email');

  await page.getByRole('button', { name: 'sign in' }).click();
  assert.equal(await page.getByLabel('E-mail').inputValue(), ada.email);
  await page.getByLabel('Password').fill('not the password');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByText('E-mail or password is wrong.').waitFor();
});

test('a form that is answered late is not sent twice', async ({ newVisitor, openPage }) => {
  const page = await openPage(await newVisitor());
  let asked = 0;
  let answer;
  const held = new Promise((done) => (answer = done));
  await page.route('**/sign-up/email', async (route) => {
    asked += 1;
    await held;
    await route.continue();
  });
  await page.getByLabel('Name').fill('Ada');
  await page.getByLabel('E-mail').fill(newEmail());
  await page.getByLabel('Password').fill(password);
  await page.getByLabel('Password').press('Enter');
  await page.getByLabel('Password').press('Enter');
  answer();
  await page.getByLabel('New task').waitFor();
  assert.equal(asked, 1);
});

test('limits, unverified addresses and closed doors are said in plain words', async ({ newVisitor, openPage, tolerate }) => {
  const page = await openPage(await newVisitor());
  tolerate(/status of (429|403)/);
  const answers = [
    [429, {}, { 'x-retry-after': '7' }, 'Too many attempts. Try again in 7 seconds.'],
    [403, { code: 'EMAIL_NOT_VERIFIED' }, {}, 'This address is not confirmed yet.'],
    [403, { code: 'INVALID_ORIGIN' }, {}, 'This server is known by another address.'],
  ];
  await page.getByRole('button', { name: 'sign in' }).click();
  await page.getByLabel('E-mail').fill(newEmail());
  await page.getByLabel('Password').fill(password);
  for (const [status, json, headers, words] of answers) {
    await page.route('**/sign-in/email', (route) => route.fulfill({ status, json, headers }), { times: 1 });
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByText(words).waitFor();
  }
  await page.getByRole('button', { name: 'Create an account' }).click();
  await page.getByLabel('Name').fill('Ada');
  await page.getByLabel('Password').fill(password);
  await page.route('**/sign-up/email', (route) => route.fulfill({ json: { token: null, user: {} } }));
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByText('Open the link in the e-mail').waitFor();
});

test('whoever was here last sees their tasks while the server does not answer, and its answer counts', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  await ada.call('POST', '/api/me/tasks', { title: 'Sweep', due_date: day() });
  const page = await openPage(ada.context);
  await waitForTitles(page, ['Sweep']);
  let answer;
  const held = new Promise((done) => (answer = done));
  await page.route('**/api/*/tasks?**', () => {});
  await page.route('**/get-session', async (route) => {
    await held;
    await route.fulfill({ body: 'null', contentType: 'application/json' });
  });
  await page.reload();
  await waitForTitles(page, ['Sweep']);
  answer();
  await page.getByText('Your session has ended.').waitFor();
  assert.equal(await page.getByText('Sweep').count(), 0);
});

test('who has forgotten the password gets a link, and a bad link says so', async ({ newPerson, newVisitor, openPage, tolerate }) => {
  const ada = await newPerson();
  const visitor = await newVisitor();
  const page = await openPage(visitor);
  await page.getByRole('button', { name: 'sign in' }).click();
  await page.getByLabel('E-mail').fill(ada.email);
  await page.getByRole('button', { name: 'Forgot your password?' }).click();
  await page.getByRole('button', { name: 'Send me a link' }).click();
  await page.getByText('an e-mail with a link is on its way').waitFor();

  tolerate(/status of 400/);
  await page.goto('/?token=made-up');
  await page.getByLabel('New password').fill(password);
  await page.getByRole('button', { name: 'Change password' }).click();
  await page.getByText('This link was used already').waitFor();
  await page.goto('/?error=INVALID_TOKEN');
  await page.getByRole('button', { name: 'To the start' }).click();
  await page.getByRole('heading', { name: 'Create your account' }).waitFor();
  assert.deepEqual(await tasksOf(ada), []);
});
