-- What was answered to a write with an Idempotency-Key, kept in the transaction of the write. The columns from id on are
-- those of tasks, as the task was then; null where it was deleted.

CREATE TABLE idempotency_keys (
    user_id      text COLLATE "C" NOT NULL,
    key          text COLLATE "C" NOT NULL,
    -- SHA-256 of what was asked for.
    fingerprint  bytea NOT NULL,
    expires_at   timestamptz NOT NULL,
    -- Whether the task was there before.
    existed      boolean NOT NULL,
    -- 200, 201 or 204. Null within the transaction alone: a write that changes nothing leaves no row.
    status       smallint,
    id           uuid,
    title        text,
    description  text,
    completed_at timestamptz,
    priority     smallint,
    due_at       timestamptz,
    due_has_time boolean,
    tags         jsonb,
    version      bigint,
    created_at   timestamptz,
    updated_at   timestamptz,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (user_id, key),
    CONSTRAINT idempotency_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES owners (user_id) ON DELETE CASCADE
);
-- What has run out is deleted now and then, whoever it is of.
CREATE INDEX idempotency_keys_expires_at_idx ON idempotency_keys (expires_at);
