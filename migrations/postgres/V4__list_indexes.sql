-- How many tasks there are of a status, and of priorities, is counted by looking at no others.
CREATE INDEX tasks_status_idx ON tasks (user_id, completed_at, priority);
