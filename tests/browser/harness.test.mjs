// The harness itself: a page that does wrong does not get past it.
import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { assertAccessible, screenshot, test } from './harness.mjs';

test('whatever a page complains of is noticed', async ({ newVisitor, openPage, tolerate }) => {
  const page = await openPage(await newVisitor());
  tolerate(/^said by the page/);
  tolerate(/^uncaught: Error: thrown by the page/);
  tolerate(/^uncaught: Error: promised by the page/);
  tolerate(/status of 404/);
  await page.evaluate(async () => {
    console.error('said by the page');
    setTimeout(() => { throw new Error('thrown by the page'); });
    Promise.reject(new Error('promised by the page'));
    await fetch('/nowhere');
  });
});

test('what the policy forbids does not happen, and is noticed', async ({ newVisitor, openPage, tolerate }) => {
  const page = await openPage(await newVisitor());
  tolerate(/^policy violated: script-src-elem by inline/);
  tolerate(/^policy violated: script-src-attr by inline/);
  tolerate(/^policy violated: style-src-attr by inline/);
  tolerate(/^policy violated: img-src by data/);
  tolerate(/^policy violated: connect-src by http:\/\/127\.0\.0\.1:9/);
  tolerate(/Content Security Policy/); // as the browser itself says it
  const didRun = await page.evaluate(async () => {
    const script = document.createElement('script');
    script.textContent = 'window.hasRun = true';
    document.body.append(script);
    const division = document.createElement('div');
    division.innerHTML = `<img src="data:image/png;base64,x" alt="" onerror="window.hasRun = true">
      <p style="color: red">`;
    document.body.append(division);
    await fetch('http://127.0.0.1:9/').catch(() => {});
    return 'hasRun' in window;
  });
  assert.equal(didRun, false);
});

test('axe objects to what some people cannot use', async ({ newVisitor, openPage }) => {
  const page = await openPage(await newVisitor());
  await page.evaluate(() => document.body.append(document.createElement('button')));
  await assert.rejects(assertAccessible(page), /button-name/);
});

test('a person is signed in, and nobody else is', async ({ newPerson, newVisitor }) => {
  const [ada, bob, visitor] = await Promise.all([newPerson(), newPerson({ name: 'Bob' }), newVisitor()]);
  await ada.call('POST', '/api/me/tasks', { title: 'Ada’s' });
  assert.equal((await ada.call('GET', '/api/me/tasks')).tasks.length, 1);
  assert.equal((await bob.call('GET', '/api/me/tasks')).tasks.length, 0);
  for (const [context, email] of [[ada.context, ada.email], [bob.context, bob.email], [visitor, undefined]]) {
    const session = await (await context.request.get('/api/auth/get-session')).json();
    assert.equal(session?.user.email, email);
  }
});

test('a screenshot is kept', async ({ newVisitor, openPage }) => {
  const path = await screenshot(await openPage(await newVisitor()), 'harness');
  assert.ok((await stat(path)).size > 0);
});
