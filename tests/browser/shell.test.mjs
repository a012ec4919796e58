// The page itself: what it is made of, and that it is kept for starts without a connection.
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { createServer, request as ask } from 'node:http';
import { test } from './harness.mjs';

const web = new URL('../../web/', import.meta.url);
const ROOT = ['favicon.svg', 'index.html', 'manifest.webmanifest', 'sw.js'];

/** The files that have a hashed address. */
async function assets() {
  const entries = await readdir(web, { recursive: true });
  return entries.map((name) => name.replaceAll('\\', '/')).filter((name) => name.includes('.') && !ROOT.includes(name)).sort();
}

test('the worker keeps all that the page needs, and nothing of anybody', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  await ada.call('POST', '/api/me/tasks', { title: 'Private' });
  const page = await openPage(ada.context, '/#/all');
  await page.getByText('Private').waitFor();
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
  await page.reload();
  await page.getByText('Private').waitFor();
  const kept = await page.evaluate(async () => {
    const names = await caches.keys();
    const all = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
    return all.flat().map(({ url }) => new URL(url).pathname);
  });
  const needed = (await assets()).filter((name) => !name.endsWith('.png'));
  assert.deepEqual(kept.map((path) => path.replace(/^\/assets\/[^/]+\//, '')).sort(), ['/', ...needed].sort());
});

test('every module is asked for at once', async () => {
  const start = await readFile(new URL('index.html', web), 'utf8');
  const named = [...start.matchAll(/(?:modulepreload" href|script type="module" src)="\{assets\}\/(.+?)"/g)].map(([, name]) => name);
  const modules = (await assets()).filter((name) => name.endsWith('.js'));
  assert.deepEqual(named.sort(), modules.sort());
});

test('it can be installed', async ({ newVisitor, openPage }) => {
  const page = await openPage(await newVisitor());
  const session = await page.context().newCDPSession(page);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
  const { errors, data } = await session.send('Page.getAppManifest');
  assert.deepEqual(errors, []);
  const { name, display, start_url, icons } = JSON.parse(data);
  assert.deepEqual([name, display, start_url], ['duly', 'standalone', '/']);
  for (const { src, sizes, type } of icons) {
    const answer = await page.request.get(src);
    assert.deepEqual([src, answer.status(), answer.headers()['content-type']], [src, 200, type]);
    if (type !== 'image/png') continue;
    const width = (await answer.body()).readUInt32BE(16);
    assert.equal(sizes, `${width}x${width}`);
  }
  const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
  const others = installabilityErrors.filter(({ errorId }) => errorId !== 'in-incognito'); // contexts are
  assert.deepEqual(others, []);
});

/** Our server behind a proxy that can be told to leave the page itself without an answer. Gives its address. */
async function serveBehindProxy() {
  const { hostname, port } = new URL(process.env.DULY_URL);
  const proxy = createServer((incoming, answer) => {
    if (proxy.isHanging && incoming.url === '/') return;
    const { method, url: path, headers } = incoming;
    const outgoing = ask({ hostname, port, method, path, headers }, (given) => {
      answer.writeHead(given.statusCode, given.headers);
      given.pipe(answer);
    });
    incoming.pipe(outgoing);
  });
  await new Promise((listening) => proxy.listen(0, 'localhost', listening));
  return { proxy, address: `http://localhost:${proxy.address().port}/` };
}

test('a start that is not answered shows the page that is kept', async ({ newVisitor, openPage }) => {
  const { proxy, address } = await serveBehindProxy();
  try {
    const page = await openPage(await newVisitor(), address);
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
    proxy.isHanging = true;
    await page.reload();
    await page.getByRole('heading', { name: 'Create your account' }).waitFor();
    await page.close(); // before its connections are
  } finally {
    proxy.closeAllConnections();
    proxy.close();
  }
});

test('it works where there are no workers and no locks', async ({ newPerson, openPage }) => {
  const ada = await newPerson();
  await ada.context.addInitScript(() => {
    for (const name of ['serviceWorker', 'locks']) Object.defineProperty(Navigator.prototype, name, { get: () => undefined });
  });
  const page = await openPage(ada.context);
  await page.getByLabel('New task').fill('Sweep');
  await page.getByLabel('New task').press('Enter');
  await page.waitForFunction(() => Object.keys(localStorage).every((name) => !name.includes(':change:')));
  assert.equal((await ada.call('GET', '/api/me/tasks')).tasks[0].title, 'Sweep');
});

test('a lock that the browser does not give keeps nothing from being sent later', async ({ newPerson, openPage, tolerate }) => {
  const ada = await newPerson();
  const page = await openPage(ada.context);
  await page.getByText('Nothing due today').waitFor();
  tolerate(/uncaught/);
  await page.evaluate(() => {
    navigator.locks.request = () => {
      delete navigator.locks.request;
      return Promise.reject(new DOMException('not now', 'AbortError'));
    };
  });
  await page.getByLabel('New task').fill('Sweep');
  await page.getByLabel('New task').press('Enter');
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await page.waitForFunction(() => Object.keys(localStorage).every((name) => !name.includes(':change:')));
});
