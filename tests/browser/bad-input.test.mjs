// What people write is shown as text, whatever it is.
import assert from 'node:assert/strict';
import { assertAccessible, screenshot, test } from './harness.mjs';
import { addTask, day, row, tasksOf, waitForTitles, waitUntilSent } from './page.mjs';

const MARKUP = '<img src=x onerror="window.hasRun=true"><script>window.hasRun=true</script>';
const TITLES = {
  markup: MARKUP,
  'right to left': 'اشتر الحليب والخبز غدا',
  'overridden direction': 'abc \u202Egnirts',
  emoji: '🎂👩‍👩‍👧‍👦🏳️‍🌈🇵🇹',
  'wide characters': '漢'.repeat(200),
  'one long word': 'x'.repeat(200),
  'combining marks': 'Z̸̢̛͓̫͎̳͔͉̟͍̘a̴l̵g̶o̷',
  template: '{{1+1}} ${1+1} %s &lt;b&gt;',
};

for (const viewport of [{ width: 360, height: 740 }, { width: 1440, height: 900 }]) {
  test(`titles, tags and descriptions of every kind are text, ${viewport.width} pixels wide`, async ({ newPerson, openPage }) => {
    const ada = await newPerson({ name: MARKUP, viewport });
    for (const title of Object.values(TITLES)) {
      await ada.call('POST', '/api/me/tasks', { title, description: `${MARKUP}\n${title}`, tags: [[...title].slice(0, 64).join('')], due_date: day() });
    }
    const page = await openPage(ada.context, '/#/today?sort=created');
    await waitForTitles(page, Object.values(TITLES));
    const { scrollWidth, hasRun, images } = await page.evaluate(() => ({ scrollWidth: document.documentElement.scrollWidth, hasRun: 'hasRun' in window, images: document.images.length }));
    assert.deepEqual({ hasRun, images }, { hasRun: false, images: 0 });
    assert.ok(scrollWidth <= viewport.width, `${scrollWidth} wide`);
    await assertAccessible(page);
    await screenshot(page, `bad-input-${viewport.width}`, { fullPage: true });
    assert.equal(await row(page, TITLES['right to left']).locator('.title').evaluate((title) => getComputedStyle(title).direction), 'rtl');

    await page.getByRole('button', { name: MARKUP, exact: true }).click();
    await page.getByLabel('Title').press('Enter');
    await row(page, MARKUP).getByRole('checkbox').click();
    await page.locator('.toast').getByText('Completed “<img src=x').waitFor();
    assert.equal(await page.evaluate(() => 'hasRun' in window), false);
  });
}

test('a line with markup and 32 tags is added as it was written', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  const page = await openPage(ada.context);
  const tags = Array.from({ length: 32 }, (_, index) => `tag-${index}`);
  await addTask(page, `${MARKUP.replaceAll('><', '> <')} ${tags.map((tag) => `#${tag}`).join(' ')}`);
  await waitUntilSent(page);
  const [task] = await tasksOf(ada);
  assert.equal(task.title, MARKUP.replaceAll('><', '> <'));
  assert.deepEqual(task.tags, tags);
  assert.equal(await page.evaluate(() => 'hasRun' in window || document.images.length > 0), false);
});

test('what is too long is said before it is sent', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  const page = await openPage(ada.context);
  await addTask(page, '漢'.repeat(201));
  await page.getByText('A title has up to 200 characters; this one has 201.').waitFor();
  await addTask(page, '🎂'.repeat(200));
  await waitForTitles(page, ['🎂'.repeat(200)]);
  await page.locator('.title').click();
  await page.getByLabel('Title').fill('');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('A task needs a title.').waitFor();
  await page.getByLabel('Title').fill('Cake');
  await page.getByLabel('Description').fill('x'.repeat(10_001));
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('A description has up to 10,000 characters').waitFor();
  await page.getByLabel('Description').fill('');
  await page.getByLabel('Due', { exact: true }).fill('');
  await page.getByLabel('Time').fill('10:00');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('A time needs a day as well.').waitFor();
  await page.getByLabel('Time').fill('');
  await page.getByLabel('Time').press('1');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('This time does not exist.').waitFor();
  await page.getByLabel('Time').fill('');
  await page.getByLabel('Tags').fill(Array.from({ length: 33 }, (_, index) => `t${index}`).join(' '));
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('A task has up to 32 tags; these are 33.').waitFor();
  await page.getByRole('button', { name: 'Remove tag t7' }).click();
  await page.getByRole('button', { name: 'Save' }).click();
  await waitUntilSent(page);
  const [{ title, due_date, tags }] = await tasksOf(ada);
  assert.deepEqual([title, due_date, tags.length], ['Cake', null, 32]);
});

test('an address that is nonsense leads to today, and what is kept here may be nonsense, too', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  await ada.call('POST', '/api/me/tasks', { title: 'Sweep', due_date: day() });
  await ada.context.addInitScript((id) => {
    if (location.protocol === 'about:') return;
    localStorage.setItem(`duly:${id}:tasks`, '{not json');
    localStorage.setItem(`duly:${id}:change:zzz`, 'null');
  }, ada.id);
  const page = await openPage(ada.context, '/#/__proto__?sort=constructor&priority=bad&tag=');
  await page.getByRole('heading', { level: 1, name: 'Today' }).waitFor();
  await page.evaluate(() => (location.hash = '#/today'));
  await waitForTitles(page, ['Sweep']);
});
