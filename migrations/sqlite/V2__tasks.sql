-- Everything of a person is found by user_id first: keys, foreign keys and indexes all start with it.
-- That makes isolation a property of the schema. WITHOUT ROWID keeps the rows of a person side by side.
-- Instants are microseconds since 1970 in UTC, booleans are 0 and 1, a UUID is its 16 bytes.

CREATE TABLE owners (
    user_id    text NOT NULL,
    version    integer NOT NULL,
    task_count integer NOT NULL,
    created_at integer NOT NULL,
    CONSTRAINT owners_pkey PRIMARY KEY (user_id),
    CONSTRAINT owners_task_count_check CHECK (task_count >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE tasks (
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
    CONSTRAINT tasks_pkey PRIMARY KEY (user_id, id),
    CONSTRAINT tasks_user_id_fkey FOREIGN KEY (user_id) REFERENCES owners (user_id) ON DELETE CASCADE,
    CONSTRAINT tasks_id_check CHECK (length(id) = 16),
    CONSTRAINT tasks_priority_check CHECK (priority BETWEEN 0 AND 4)
) STRICT, WITHOUT ROWID;
-- The list as it comes without parameters: sort=-created (and sort=created), page by page.
CREATE INDEX tasks_created_idx ON tasks (user_id, created_at, id);
-- The range of due=today|overdue|upcoming|none, due_before and due_after.
CREATE INDEX tasks_due_idx ON tasks (user_id, due_at, id);
