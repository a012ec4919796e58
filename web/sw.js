// The shell, kept whole: one file that cannot be had leaves the former one in place.
const SHELL = '{assets}';

addEventListener('install', (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(['/', `${SHELL}/app.js`, `${SHELL}/style.css`])));
});
