// How every view looks, on screens from small to huge, in light and dark: nothing for axe to object to, nothing cut off.
import assert from 'node:assert/strict';
import { assertAccessible, screenshot, test } from './harness.mjs';
import { day, row, waitFor, waitForTitles } from './page.mjs';

const tasks = [
  { title: 'Send the invoice to Harrington & Sons', due_date: day(), priority: 'urgent', tags: ['work'] },
  { title: 'Call Sam about the boat', due_date: day(), priority: 'high', tags: ['friends'], description: 'He is in before noon.' },
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
  for (const task of tasks) await person.call('POST', '/api/me/tasks', task);
  return person;
}

/** That no part of the page is beyond its edge, and nobody objects. */
async function look(page, name) {
  const { scrollWidth, innerWidth } = await page.evaluate(() => ({ scrollWidth: document.documentElement.scrollWidth, innerWidth }));
  assert.ok(scrollWidth <= innerWidth, `${name} is ${scrollWidth} wide on a screen of ${innerWidth}`);
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {}))));
  await assertAccessible(page);
  await screenshot(page, name);
}

for (const colorScheme of ['light', 'dark']) {
  for (const [screen, viewport] of Object.entries(SCREENS)) {
    test(`every view in ${colorScheme} on a ${screen}`, async ({ newPerson, newVisitor, openPage }) => {
      const options = { colorScheme, viewport, reducedMotion: 'reduce', ...(screen === 'phone' ? { hasTouch: true, isMobile: true } : {}) };
      const name = (view) => `${view}-${colorScheme}-${screen}`;
      const visitor = await openPage(await newVisitor(options));
      await visitor.getByRole('heading', { name: 'Create your account' }).waitFor();
      await look(visitor, name('sign-up'));
      await visitor.getByRole('button', { name: 'sign in' }).click();
      await look(visitor, name('sign-in'));

      const ada = await newPersonWithTasks(newPerson, options);
      const page = await openPage(ada.context);
      for (const [view, shown] of Object.entries({ today: 'Water the plants', upcoming: 'Renew passport', overdue: 'Pay the rent', all: 'Learn to juggle', completed: 'Return the library books' })) {
        await page.evaluate((hash) => (location.hash = hash), `#/${view}`);
        await row(page, shown).waitFor();
        await look(page, name(view));
      }
      await page.evaluate(() => (location.hash = '#/all?q=nothing+like+it'));
      await page.getByText('No task matches').waitFor();
      await look(page, name('empty'));

      await page.evaluate(() => (location.hash = '#/today'));
      await page.getByLabel('New task').fill('Plan the weekend friday !low #friends');
      await page.getByRole('button', { name: 'Call Sam about the boat', exact: true }).click();
      await look(page, name('edit'));
      await page.getByRole('button', { name: 'Cancel' }).click();
      await row(page, 'Water the plants').getByRole('checkbox').click();
      await page.getByRole('button', { name: 'Undo' }).waitFor();
      await look(page, name('message'));
      if (screen === 'phone') {
        await page.getByRole('button', { name: 'Filters', exact: true }).click();
        await look(page, name('filters'));
        await page.getByRole('button', { name: 'Close filters' }).click();
      } else {
        await page.getByRole('button', { name: 'Keyboard shortcuts' }).click();
        await look(page, name('help'));
        await page.keyboard.press('Escape');
      }
      await page.evaluate(() => (location.hash = '#/account'));
      await page.getByText('this device').waitFor();
      await look(page, name('account'));
    });
  }
}

test('a huge screen is used, and nothing is lost on it', async ({ newPerson, openPage }) => {
  const ada = await newPersonWithTasks(newPerson, { viewport: { width: 3840, height: 2160 } });
  const page = await openPage(ada.context, '/#/all');
  await row(page, 'Learn to juggle').waitFor();
  await look(page, 'all-light-huge');
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
  await waitForTitles(page, ['Send the invoice to Harrington & Sons', 'Call Sam about the boat', 'Sweep']);
});
