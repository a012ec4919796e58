// What this browser keeps: names that begin with `duly:`. What belongs to a person begins with `duly:<user id>:`, so that
// nobody is ever shown what another has left here. Where nothing may be kept, the page works without.

const PREFIX = 'duly:';

/** For all tabs, until it is forgotten. */
const local = shelf(() => localStorage);
export const { read, write, forget, names } = local;

/**
 * What somebody is writing, for this tab alone: it is there again when the tab is loaded again or restored, and when
 * somebody whose session had ended is back in it, and no other tab takes it for its own.
 */
export const drafts = shelf(() => sessionStorage);

/** To ask for the storage is an error already where nothing may be kept. */
function shelf(storage) {
  return {
    read(name) {
      try {
        return JSON.parse(storage().getItem(PREFIX + name));
      } catch {
        return null;
      }
    },

    /** Whether it could be kept. */
    write(name, value) {
      try {
        storage().setItem(PREFIX + name, JSON.stringify(value));
        return true;
      } catch {
        return false;
      }
    },

    forget(name) {
      try {
        storage().removeItem(PREFIX + name);
      } catch {
        // Then there was nothing.
      }
    },

    /** The names that begin so, in order. */
    names(prefix) {
      try {
        const all = Object.keys(storage()).filter((name) => name.startsWith(PREFIX + prefix));
        return all.map((name) => name.slice(PREFIX.length)).sort();
      } catch {
        return [];
      }
    },
  };
}

/** Where the tasks of a person are kept that this browser knows. */
export function nameOfTasks(userId) {
  return `${userId}:tasks`;
}

/** The name of the draft of a task, by its id, or of a `new` one. */
export function nameOfDraft(userId, of) {
  return `${userId}:draft:${of}`;
}

/** The tasks of one person, and not their changes. */
export function forgetTasksOf(userId) {
  forget(nameOfTasks(userId));
}

/** Everything of one person, in this tab and in all. Gives what puts it back. */
export function forgetAllOf(userId) {
  const kept = [local, drafts].flatMap((each) => each.names(`${userId}:`).map((name) => ({ each, name, value: each.read(name) })));
  for (const { each, name } of kept) each.forget(name);
  return () => kept.forEach(({ each, name, value }) => each.write(name, value));
}
