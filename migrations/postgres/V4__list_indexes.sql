-- Which tasks a list wants is decided within the index that gives their order, before a row is looked up.
DROP INDEX tasks_due_idx;
CREATE INDEX tasks_due_idx ON tasks (user_id, due_at, id, completed_at, priority);
-- How many tasks there are of a status, and of priorities, is counted by looking at no others.
CREATE INDEX tasks_status_idx ON tasks (user_id, completed_at, priority);
