-- A task is found by the number of its row, and the rows of a person lie side by side: in a table WITHOUT ROWID, which
-- has them by user_id and id, whole rows fill the inner pages, and finding one of a million takes seven steps down and
-- twenty comparisons of texts. Nothing outside of this file sees number and place.

CREATE TABLE owners_placed (
    user_id       text NOT NULL,
    version       integer NOT NULL,
    task_count    integer NOT NULL,
    created_at    integer NOT NULL,
    local_user_id text,
    -- Given by SQLite, the next one that is free. New tasks of this person get places from number << 32 on.
    number        integer PRIMARY KEY,
    CONSTRAINT owners_pkey UNIQUE (user_id),
    CONSTRAINT owners_task_count_check CHECK (task_count >= 0),
    CONSTRAINT owners_local_user_id_check CHECK (local_user_id = user_id),
    CONSTRAINT owners_local_user_id_fkey FOREIGN KEY (local_user_id) REFERENCES "user" ("id") ON DELETE CASCADE
) STRICT;
INSERT INTO owners_placed (user_id, version, task_count, created_at, local_user_id)
    SELECT user_id, version, task_count, created_at, local_user_id FROM owners ORDER BY user_id;

CREATE TABLE tasks_placed (
    user_id            text NOT NULL,
    id                 blob NOT NULL,
    title              text NOT NULL,
    -- Title and description without case and accents: what is searched, and what titles sort by.
    title_folded       text NOT NULL,
    description        text,
    description_folded text,
    -- Null while the task is open.
    completed_at       integer,
    -- 0 none, 1 low, 2 medium, 3 high, 4 urgent.
    priority           integer NOT NULL,
    -- An instant; a task due on a day holds that day's midnight in UTC and due_has_time = 0.
    due_at             integer,
    due_has_time       integer NOT NULL,
    -- A JSON array of texts.
    tags               text NOT NULL,
    -- owners.version at the last change of this task.
    version            integer NOT NULL,
    created_at         integer NOT NULL,
    updated_at         integer NOT NULL,
    -- Where the row lies. Rows that are brought in without one come after each other below 1 << 32, which is nobody's.
    place              integer PRIMARY KEY,
    CONSTRAINT tasks_pkey UNIQUE (user_id, id),
    CONSTRAINT tasks_user_id_fkey FOREIGN KEY (user_id) REFERENCES owners_placed (user_id) ON DELETE CASCADE,
    CONSTRAINT tasks_id_check CHECK (length(id) = 16),
    CONSTRAINT tasks_priority_check CHECK (priority BETWEEN 0 AND 4)
) STRICT;
INSERT INTO tasks_placed (user_id, id, title, title_folded, description, description_folded, completed_at, priority,
                          due_at, due_has_time, tags, version, created_at, updated_at)
    SELECT user_id, id, title, title_folded, description, description_folded, completed_at, priority,
           due_at, due_has_time, tags, version, created_at, updated_at FROM tasks ORDER BY user_id, id;

-- The other way round, the tasks would go with their owners.
DROP TABLE tasks;
DROP TABLE owners;
ALTER TABLE owners_placed RENAME TO owners;
ALTER TABLE tasks_placed RENAME TO tasks;

-- The owner of a user who is being deleted.
CREATE INDEX owners_local_user_id_idx ON owners (local_user_id);
-- The list as it comes without parameters: sort=-created (and sort=created), page by page.
CREATE INDEX tasks_created_idx ON tasks (user_id, created_at, id);
-- Which tasks a list wants is decided within the index that gives their order, before a row is looked up.
CREATE INDEX tasks_due_idx ON tasks (user_id, due_at, id, completed_at, priority);
-- How many tasks there are of a status, and of priorities, is counted without looking at a row.
CREATE INDEX tasks_status_idx ON tasks (user_id, completed_at, priority);
