-- What was answered to a write with an Idempotency-Key, kept in the transaction of the write. The columns from id on are
-- those of tasks, as the task was then; null where it was deleted.

CREATE TABLE idempotency_keys (
    user_id      text NOT NULL,
    key          text NOT NULL,
    -- SHA-256 of what was asked for.
    fingerprint  blob NOT NULL,
    expires_at   integer NOT NULL,
    -- Whether the task was there before.
    existed      integer NOT NULL,
    -- 200, 201 or 204. Null within the transaction alone: a write that changes nothing leaves no row.
    status       integer,
    id           blob,
    title        text,
    description  text,
    completed_at integer,
    priority     integer,
    due_at       integer,
    due_has_time integer,
    tags         text,
    version      integer,
    created_at   integer,
    updated_at   integer,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (user_id, key),
    CONSTRAINT idempotency_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES owners (user_id) ON DELETE CASCADE
) STRICT;
-- What has run out is deleted now and then, whoever it is of.
CREATE INDEX idempotency_keys_expires_at_idx ON idempotency_keys (expires_at);
