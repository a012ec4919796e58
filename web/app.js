const answer = await fetch('/api/auth/get-session');
const session = await answer.json();
document.querySelector('[role=status]').textContent = session ? `Signed in as ${session.user.email}` : 'Not signed in';
await navigator.serviceWorker?.register('/sw.js');
