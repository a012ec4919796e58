// The comparison itself: it must see every change of a recording, and placeholders must not hide one.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { compareRecordings } from './compare.mjs';
import { createPlaceholders } from './placeholders.mjs';

const folder = new URL('recordings/', import.meta.url);
const clone = (value) => JSON.parse(JSON.stringify(value));

async function readRecordings() {
  const files = await readdir(folder);
  return Object.assign({}, ...await Promise.all(files.map(async (file) => JSON.parse(await readFile(new URL(file, folder), 'utf8')))));
}

const recorded = () => ({
  signing: [{
    step: 'in', request: 'POST /sign-in', status: 200, headers: { 'content-type': 'application/json', location: '/x' },
    cookies: ['a=1; Path=/; HttpOnly', 'b=2; Path=/'], json: { token: '<id 1>', user: { name: 'Ada', id: '<id 2>' } },
  }],
});

describe('comparing with a recording', () => {
  test('finds nothing in what is the same', async () => {
    const all = await readRecordings();
    assert.ok(Object.values(all).flat().length > 900, 'the recording is there');
    assert.deepEqual(compareRecordings(all, clone(all)), []);
  });

  test('finds any change of any part of any recorded step', async () => {
    const all = await readRecordings();
    for (const [name, steps] of Object.entries(all)) {
      for (const [i, step] of steps.entries()) {
        for (const part of Object.keys(step).filter((key) => key !== 'headers' && key !== 'step')) {
          const changed = { [name]: clone(steps) };
          changed[name][i][part] = 'something else';
          assert.equal(compareRecordings({ [name]: steps }, changed).length, 1, `${name} / ${step.step}: ${part}`);
        }
      }
    }
  });

  const changes = {
    'another status': (step) => { step.status = 201; },
    'a header more': (step) => { step.headers.allow = 'GET'; },
    'a header less': (step) => { delete step.headers.location; },
    'another value of a header': (step) => { step.headers.location = '/y'; },
    'a cookie attribute less': (step) => { step.cookies[0] = 'a=1; Path=/'; },
    'cookies in another order': (step) => { step.cookies.reverse(); },
    'a key more': (step) => { step.json.user.role = 'admin'; },
    'keys in another order': (step) => { step.json.user = { id: '<id 2>', name: 'Ada' }; },
    'an id that should be another': (step) => { step.json.user.id = '<id 1>'; },
    'text in place of JSON': (step) => { step.text = ''; delete step.json; },
    'another step': (step) => { step.step = 'out'; },
    'a step that failed': (step) => { step.failed = 'Error: no mail'; },
  };
  for (const [name, change] of Object.entries(changes)) {
    test(`finds ${name}`, () => {
      const current = recorded();
      change(current.signing[0]);
      assert.notDeepEqual(compareRecordings(recorded(), current), []);
    });
  }

  test('finds a scenario or a step that is missing or new', () => {
    assert.equal(compareRecordings(recorded(), {}).length, 1);
    assert.equal(compareRecordings({}, recorded()).length, 1);
    assert.equal(compareRecordings(recorded(), { signing: [] }).length, 1);
    assert.equal(compareRecordings(recorded(), { signing: [...recorded().signing, { step: 'out' }] }).length, 1);
    assert.deepEqual(compareRecordings(recorded(), {}, { skipped: new Set(['signing']) }), []);
  });
});

describe('a difference that is meant', () => {
  const meant = (steps) => ({ differences: [{ name: 'ours-is-stricter', steps }] });
  const current = () => {
    const ours = recorded();
    Object.assign(ours.signing[0], { status: 400, headers: { 'content-type': 'application/json' } });
    return ours;
  };
  const exact = { status: 400, headers: { location: null } };

  test('is no complaint, as far as it goes', () => {
    assert.deepEqual(compareRecordings(recorded(), current(), meant({ 'signing / in': exact })), []);
    assert.equal(compareRecordings(recorded(), current(), meant({ 'signing / in': { status: 400 } })).length, 1);
    assert.equal(compareRecordings(recorded(), current()).length, 2);
  });

  test('is a complaint when it does not occur, or is none, or its step is gone', () => {
    assert.equal(compareRecordings(recorded(), recorded(), meant({ 'signing / in': exact })).length, 2);
    assert.equal(compareRecordings(recorded(), recorded(), meant({ 'signing / in': { status: 200 } })).length, 1);
    assert.equal(compareRecordings(recorded(), recorded(), meant({ 'signing / up': exact })).length, 1);
    assert.throws(() => compareRecordings(recorded(), current(), { differences: [...meant({ 'signing / in': exact }).differences, ...meant({ 'signing / in': exact }).differences] }));
  });
});

describe('placeholders', () => {
  const secret = 'a secret';
  const id = (letter) => letter.repeat(32);

  test('say which values are equal, and of which kind', () => {
    const { text } = createPlaceholders(secret);
    assert.equal(text(`${id('a')} ${id('b')} ${id('a')} ${'t'.repeat(24)}`), '<id 1> <id 2> <id 1> <token 1>');
    assert.equal(text('a'.repeat(31)), 'a'.repeat(31), 'another length is no id');
    assert.equal(text(`${'a'.repeat(31)}-`), `${'a'.repeat(31)}-`, 'another alphabet is no id');
  });

  test('say how far a date is from now, and only of dates with three digits', () => {
    const { text } = createPlaceholders(secret);
    const at = (offset) => new Date(Date.now() + offset).toISOString();
    assert.equal(text(at(0)), '<now>');
    assert.equal(text(at(7 * 24 * 3600_000)), '<now+7d>');
    assert.equal(text(at(-90 * 60_000)), '<now-1h30m>');
    assert.equal(text(at(-60_000)), '<now-1m>');
    assert.match(text('2026-01-01T00:00:00.123456Z'), /123456/);
  });

  test('say now of whatever has come about since they began', (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
    const { text } = createPlaceholders(secret);
    const soon = new Date(Date.now() + 1_000).toISOString();
    t.mock.timers.setTime(Date.now() + 5 * 60_000);
    assert.equal(text(soon), '<now>');
    assert.equal(text(new Date(Date.now() - 6 * 60_000).toISOString()), '<now-6m>');
  });

  test('tell a right signature from a wrong one', () => {
    const { text } = createPlaceholders(secret);
    const signature = (key) => createHmac('sha256', key).update(id('a')).digest('base64');
    assert.equal(text(`${id('a')}.${signature(secret)}`), '<id 1>.<signature>');
    assert.equal(text(`${id('a')}.${encodeURIComponent(signature(secret))}`), '<id 1>.<signature, url-encoded>');
    assert.equal(text(`${id('a')}.${signature('another')}`), '<id 1>.<WRONG SIGNATURE>');
  });

  test('open a JWT', () => {
    const { text } = createPlaceholders(secret);
    const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const now = Math.floor(Date.now() / 1000);
    const jwt = `${encode({ alg: 'EdDSA', kid: id('k') })}.${encode({ sub: id('s'), exp: now + 900 })}.${'x'.repeat(86)}`;
    assert.equal(text(jwt), '<jwt {"alg":"EdDSA","kid":"<id 1>"} {"sub":"<id 2>","exp":"<now+15m>"} 86>');
  });
});
