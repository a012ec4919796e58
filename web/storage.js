// What this browser keeps: names that begin with `duly:`. What belongs to a person begins with `duly:<user id>:`, so that
// nobody is ever shown what another has left here. Where nothing may be kept, the page works without.

const PREFIX = 'duly:';

export function read(name) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name));
  } catch {
    return null;
  }
}

/** Whether it could be kept. */
export function write(name, value) {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

export function forget(name) {
  try {
    localStorage.removeItem(PREFIX + name);
  } catch {
    // Then there was nothing.
  }
}

/** Reads it for the last time. */
export function take(name) {
  const value = read(name);
  forget(name);
  return value;
}

/** The names that begin so, in order. */
export function names(prefix) {
  try {
    const all = Object.keys(localStorage).filter((name) => name.startsWith(PREFIX + prefix));
    return all.map((name) => name.slice(PREFIX.length)).sort();
  } catch {
    return [];
  }
}

/** Where the tasks of a person are kept that this browser knows. */
export function nameOfTasks(userId) {
  return `${userId}:tasks`;
}

/** Where it is kept what a person was writing when the session ended: of a task, by its id, or of a `new` one. */
export function nameOfDraft(userId, of) {
  return `${userId}:draft:${of}`;
}

/** The tasks of one person, and not their changes. */
export function forgetTasksOf(userId) {
  forget(nameOfTasks(userId));
}

/** Everything of one person. */
export function forgetAllOf(userId) {
  for (const name of names(`${userId}:`)) forget(name);
}
