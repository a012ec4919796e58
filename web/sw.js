// Keeps the page itself, so that it also starts without a connection. Each version of the server has assets at an address
// of its own, and with them a worker of its own: it fetches all of them, or leaves the former version in place. Tasks are
// never kept here, and neither is anything else that is somebody's.

const ASSETS = '{assets}';
/** How long the network may take, in milliseconds, until the page that is kept is shown. */
const PATIENCE = 3_000;
const FILES = [
  'app.js',
  'api.js',
  'attempts.js',
  'counts.js',
  'dates.js',
  'dom.js',
  'keys.js',
  'list.js',
  'outbox.js',
  'query.js',
  'quick-add.js',
  'session.js',
  'single-keys.js',
  'storage.js',
  'store.js',
  'tasks.js',
  'toast.js',
  'uuid.js',
  'views/account.js',
  'views/form.js',
  'views/help.js',
  'views/home.js',
  'views/quick-add.js',
  'views/reset-password.js',
  'views/sidebar.js',
  'views/sign-in.js',
  'views/status.js',
  'views/tag-field.js',
  'views/task-editor.js',
  'views/task-list.js',
  'views/task-row.js',
  'views/tasks-view.js',
  'views/toolbar.js',
  'workspace.js',
  'style.css',
  'controls.css',
  'account.css',
  'dialogs.css',
  'home.css',
  'tasks.css',
  'editor.css',
  'small-screen.css',
];

addEventListener('install', (event) => {
  event.waitUntil(keepAll().then(() => skipWaiting()));
});

addEventListener('activate', (event) => {
  event.waitUntil(forgetOthers());
});

addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== location.origin) return;
  if (pathname === '/' && request.mode === 'navigate') event.respondWith(fromNetworkFirst(request));
  else if (pathname.startsWith(`${ASSETS}/`)) event.respondWith(fromCacheFirst(request));
});

async function keepAll() {
  const cache = await caches.open(ASSETS);
  await cache.addAll(['/', ...FILES.map((file) => `${ASSETS}/${file}`)]);
}

async function forgetOthers() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== ASSETS).map((name) => caches.delete(name)));
}

async function fromNetworkFirst(request) {
  const kept = await caches.match('/');
  if (!kept) return fetch(request);
  try {
    const answer = await Promise.race([fetch(request), after(PATIENCE, kept)]);
    // A proxy with nothing behind it for a moment.
    return answer.status < 500 ? answer : kept;
  } catch {
    return kept;
  }
}

function after(milliseconds, value) {
  return new Promise((done) => setTimeout(done, milliseconds, value));
}

async function fromCacheFirst(request) {
  return (await caches.match(request)) ?? fetch(request);
}
