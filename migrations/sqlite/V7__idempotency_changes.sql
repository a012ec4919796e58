-- The owner's change number that a write with an Idempotency-Key has taken: who has made many changes since needs the key
-- no more. Null for keys that were kept before there was this column.
ALTER TABLE idempotency_keys ADD COLUMN change_number integer;
CREATE INDEX idempotency_keys_user_id_change_number_idx ON idempotency_keys (user_id, change_number);
