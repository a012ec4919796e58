// How every view looks, on screens from small to huge, in light and dark: nothing for axe to object to, nothing cut off.
import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import { assertAccessible, screenshot, test } from './harness.mjs';
import { day, row, waitFor, waitForTitles } from './page.mjs';

const tasks = [
  { title: 'Send the invoice', due_date: day(), priority: 'urgent', tags: ['work'] },
  { title: 'Call the boatyard', due_date: day(), priority: 'high', tags: ['friends'], description: 'Open until noon.' },
  { title: 'Water the plants', due_date: day(), tags: ['home'] },
  { title: 'Book train tickets to Lisbon', due_date: day(1), priority: 'medium', tags: ['travel'] },
  { title: 'Renew passport', due_date: day(4), priority: 'low', tags: ['travel', 'office'] },
  { title: 'Pay the rent', due_date: day(-1), priority: 'urgent', tags: ['home'] },
  { title: 'Learn to juggle' },
  { title: 'Return the library books', completed: true, due_date: day(), tags: ['home'] },
];

const SCREENS = { phone: { width: 360, height: 740 }, desk: { width: 1440, height: 900 } };

async function newPersonWithTasks(newPerson, options) {
  const person = await newPerson({ name: 'Ada Lovelace', ...options });
  await Promise.all(tasks.map((task) => person.call('POST', '/api/me/tasks', task)));
  return person;
}

/** That no part of the page is beyond its edge, and axe objects to nothing; the dark page differs in its colours only. */
async function look(page, name) {
  const { scrollWidth, innerWidth } = await page.evaluate(() => ({ scrollWidth: document.documentElement.scrollWidth, innerWidth }));
  assert.ok(scrollWidth <= innerWidth, `${name} is ${scrollWidth} wide on a screen of ${innerWidth}`);
  await assertAccessible(page);
  await screenshot(page, `${name}-light`);
  await page.emulateMedia({ colorScheme: 'dark' });
  await assertAccessible(page, { runOnly: ['color-contrast'] });
  await screenshot(page, `${name}-dark`);
  await page.emulateMedia({ colorScheme: 'light' });
}

for (const [screen, viewport] of Object.entries(SCREENS)) {
  const options = { viewport, reducedMotion: 'reduce', ...(screen === 'phone' ? { hasTouch: true, isMobile: true } : {}) };

  test(`signing in on a ${screen}`, async ({ newVisitor, openPage }) => {
    const page = await openPage(await newVisitor(options));
    await page.getByRole('heading', { name: 'Create your account' }).waitFor();
    await look(page, `${screen}-sign-up`);
    await page.getByRole('button', { name: 'sign in' }).click();
    await look(page, `${screen}-sign-in`);
    await page.goto('/?error=INVALID_TOKEN');
    await page.getByText('This link was used already').waitFor();
    await look(page, `${screen}-reset-password`);
  });

  test(`every view on a ${screen}`, async ({ newPerson, openPage }) => {
    const ada = await newPersonWithTasks(newPerson, options);
    const page = await openPage(ada.context);
    const open = (hash) => page.evaluate((address) => (location.hash = address), hash);
    for (const [view, shown] of Object.entries({ today: 'Water the plants', upcoming: 'Renew passport', overdue: 'Pay the rent', all: 'Learn to juggle', completed: 'Return the library books' })) {
      await open(`#/${view}`);
      await row(page, shown).waitFor();
      await look(page, `${screen}-${view}`);
    }
    await open('#/all?q=nothing+like+it&tag=travel');
    await page.getByText('No task matches').waitFor();
    await look(page, `${screen}-empty`);
    await open('#/account');
    await page.getByText('this device').waitFor();
    await look(page, `${screen}-account`);
  });

  test(`what comes and goes on a ${screen}`, async ({ newPerson, openPage }) => {
    const ada = await newPersonWithTasks(newPerson, options);
    const page = await openPage(ada.context);
    await page.getByLabel('New task').fill('Plan the weekend friday !low #friends');
    await page.getByRole('button', { name: 'Call the boatyard', exact: true }).click();
    await look(page, `${screen}-edit`);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await row(page, 'Water the plants').getByRole('checkbox').click();
    await page.getByRole('button', { name: 'Undo' }).waitFor();
    if (screen === 'phone') await page.getByRole('button', { name: 'Filters', exact: true }).click();
    else await page.getByRole('button', { name: 'Keyboard shortcuts' }).click();
    await look(page, `${screen}-${screen === 'phone' ? 'filters' : 'help'}`);
  });
}

test('the picture in the README', async ({ newPerson, openPage }) => {
  const ada = await newPersonWithTasks(newPerson, { viewport: { width: 1200, height: 780 } });
  const page = await openPage(ada.context);
  await row(page, 'Water the plants').waitFor();
  await page.getByRole('button', { name: 'travel', exact: true }).waitFor();
  await page.getByLabel('New task').fill('Plan the weekend friday !low #friends');
  const picture = await screenshot(page, 'readme');
  // Written on demand only, as no two runs draw the same bytes.
  if (process.env.README_PICTURE) await copyFile(picture, new URL('../../docs/page.png', import.meta.url));
});

test('a huge screen is used, and nothing is lost on it', async ({ newPerson, openPage }) => {
  const ada = await newPersonWithTasks(newPerson, { viewport: { width: 3840, height: 2160 } });
  const page = await openPage(ada.context, '/#/all');
  await row(page, 'Learn to juggle').waitFor();
  await look(page, 'huge-all');
  const size = await page.evaluate(() => parseFloat(getComputedStyle(document.documentElement).fontSize));
  assert.ok(size >= 20, `text of ${size} pixels`);
});

test('who wants less motion gets none', async ({ newPerson, openPage }) => {
  const ada = await newPersonWithTasks(newPerson, { reducedMotion: 'reduce' });
  const page = await openPage(ada.context);
  await row(page, 'Water the plants').getByRole('checkbox').click();
  await row(page, 'Water the plants').waitFor({ state: 'hidden' });
  assert.equal(await page.locator('.is-leaving').count(), 0);
  assert.deepEqual(await page.evaluate(() => document.getAnimations().map(({ animationName }) => animationName)), []);
});

test('what happens is told to screen readers', async ({ newPerson, openPage }) => {
  const ada = await newPersonWithTasks(newPerson);
  const page = await openPage(ada.context);
  const spoken = page.locator('[role=status].only-read-out');
  await row(page, 'Water the plants').getByRole('checkbox').click();
  await waitFor(async () => assert.equal(await spoken.textContent(), 'Completed “Water the plants”. Press U to undo.'));
  await page.getByLabel('New task').fill('Sweep');
  await page.getByLabel('New task').press('Enter');
  await waitFor(async () => assert.equal(await spoken.textContent(), 'Added Sweep'));
  await waitForTitles(page, ['Send the invoice', 'Call the boatyard', 'Sweep']);
});
