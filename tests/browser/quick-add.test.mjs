// The line that a task is added by, as the module in the page reads it.
import assert from 'node:assert/strict';
import { test } from './harness.mjs';

/** The module that the page itself has loaded. */
const parseAll = (page, lines, ignore = []) =>
  page.evaluate(
    async ([lines, ignore]) => {
      const { parse } = await import(document.querySelector('script[type=module]').src.replace('app.js', 'quick-add.js'));
      return lines.map((line) => parse(line, { today: '2026-11-26', ignore: new Set(ignore) })); // a Thursday
    },
    [lines, ignore],
  );

const CASES = [
  // line, title, due date, priority, tags
  ['Buy milk', 'Buy milk', null, 'none', []],
  ['  Buy \t milk  ', 'Buy milk', null, 'none', []],
  ['Call home tomorrow !high #home', 'Call home', '2026-11-27', 'high', ['home']],
  ['!URGENT TODAY pay', 'pay', '2026-11-26', 'urgent', []],
  ['Rent 2026-12-01', 'Rent', '2026-12-01', 'none', []],
  ['Leap 2028-02-29', 'Leap', '2028-02-29', 'none', []],
  ['No leap 2027-02-29', 'No leap 2027-02-29', null, 'none', []],
  ['Never 9999-12-31', 'Never 9999-12-31', null, 'none', []],
  ['Swim friday', 'Swim', '2026-11-27', 'none', []],
  ['Swim thursday', 'Swim', '2026-12-03', 'none', []],
  ['Swim Wednesday', 'Swim', '2026-12-02', 'none', []],
  ['Pay in 3 days', 'Pay', '2026-11-29', 'none', []],
  ['Pay in 1 day', 'Pay', '2026-11-27', 'none', []],
  ['Pay in 2 weeks', 'Pay', '2026-12-10', 'none', []],
  ['Pay next week', 'Pay', '2026-12-03', 'none', []],
  ['Come in now', 'Come in now', null, 'none', []],
  ['Today or tomorrow', 'or tomorrow', '2026-11-26', 'none', []],
  ['Now !high !low', 'Now !low', null, 'high', []],
  ['Hello! !nothing !', 'Hello! !nothing !', null, 'none', []],
  ['Fix #12 # ##x #1a', 'Fix #12 # ##x', null, 'none', ['1a']],
  ['Mail a#b', 'Mail a#b', null, 'none', []],
  ['Eat #food #food #Food', 'Eat', null, 'none', ['food', 'Food']],
  ['اشتر الحليب #بيت', 'اشتر الحليب', null, 'none', ['بيت']],
  ['🎂 for 👩‍👩‍👧 #🎉', '🎂 for 👩‍👩‍👧', null, 'none', ['🎉']],
  ['#home', '', null, 'none', ['home']],
  ['', '', null, 'none', []],
];

test('a line is read for a title, a date, a priority and tags', async ({ newVisitor, openPage }) => {
  const page = await openPage(await newVisitor());
  const read = await parseAll(page, CASES.map(([line]) => line));
  const found = read.map(({ title, due_date, priority, tags }, index) => [CASES[index][0], title, due_date, priority, tags]);
  assert.deepEqual(found, CASES);
});

test('what is declined stays in the title', async ({ newVisitor, openPage }) => {
  const page = await openPage(await newVisitor());
  const [read] = await parseAll(page, ['Read Friday friday #x #y'], ['Friday', '#x']);
  assert.deepEqual([read.title, read.due_date, read.tags], ['Read Friday #x', '2026-11-27', ['y']]);
});

test('no more than 32 tags, and none that is too long, are taken', async ({ newVisitor, openPage }) => {
  const page = await openPage(await newVisitor());
  const many = Array.from({ length: 33 }, (_, index) => `#t${index}`);
  const [read, long] = await parseAll(page, [`Many ${many.join(' ')}`, `Long #${'x'.repeat(65)}`]);
  assert.equal(read.tags.length, 32);
  assert.equal(read.title, 'Many #t32');
  assert.deepEqual([long.tags, long.title], [[], `Long #${'x'.repeat(65)}`]);
});

test('days have names in the visitor’s language, too', async ({ newVisitor, openPage }) => {
  const page = await openPage(await newVisitor({ locale: 'de-DE' }));
  const read = await parseAll(page, ['Brot heute', 'Brot morgen', 'Brot Sonntag', 'Brot sunday']);
  assert.deepEqual(read.map(({ due_date }) => due_date), ['2026-11-26', '2026-11-27', '2026-11-29', '2026-11-29']);
});
