-- Everything of a person is found by user_id first: keys, foreign keys and indexes all start with it.
-- That makes isolation a property of the schema, and lets the tables be distributed by user_id.
-- COLLATE "C" compares bytes, which is what SQLite does, so both engines give the same order.

CREATE TABLE owners (
    user_id    text COLLATE "C" NOT NULL,
    version    bigint NOT NULL,
    task_count bigint NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT owners_pkey PRIMARY KEY (user_id),
    CONSTRAINT owners_task_count_check CHECK (task_count >= 0)
);

CREATE TABLE tasks (
    user_id            text COLLATE "C" NOT NULL,
    id                 uuid NOT NULL,
    title              text NOT NULL,
    -- Title and description without case and accents: what is searched, and what titles sort by.
    title_folded       text COLLATE "C" NOT NULL,
    description        text,
    description_folded text COLLATE "C",
    -- Null while the task is open.
    completed_at       timestamptz,
    -- 0 none, 1 low, 2 medium, 3 high, 4 urgent.
    priority           smallint NOT NULL,
    -- An instant; a task due on a day holds that day's midnight in UTC and due_has_time = false.
    due_at             timestamptz,
    due_has_time       boolean NOT NULL,
    -- A JSON array of texts.
    tags               jsonb NOT NULL,
    -- owners.version at the last change of this task.
    version            bigint NOT NULL,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    CONSTRAINT tasks_pkey PRIMARY KEY (user_id, id),
    CONSTRAINT tasks_user_id_fkey FOREIGN KEY (user_id) REFERENCES owners (user_id) ON DELETE CASCADE,
    CONSTRAINT tasks_priority_check CHECK (priority BETWEEN 0 AND 4)
);
-- The list as it comes without parameters: sort=-created (and sort=created), page by page.
CREATE INDEX tasks_created_idx ON tasks (user_id, created_at, id);
-- The range of due=today|overdue|upcoming|none, due_before and due_after.
CREATE INDEX tasks_due_idx ON tasks (user_id, due_at, id);
