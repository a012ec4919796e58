-- Whoever has tasks and signs in here is a row of "user", and goes with it: whichever server deletes the user, this
-- one or a TypeScript Better Auth beside it, takes the tasks along. Null where the user lives in somebody else's
-- database. What the column holds is the person's own id, so that it, too, starts with whose the row is.
ALTER TABLE owners ADD COLUMN local_user_id text COLLATE "C";
UPDATE owners SET local_user_id = user_id WHERE EXISTS (SELECT 1 FROM "user" WHERE "id" COLLATE "C" = user_id);
ALTER TABLE owners
    ADD CONSTRAINT owners_local_user_id_check CHECK (local_user_id = user_id),
    ADD CONSTRAINT owners_local_user_id_fkey FOREIGN KEY (local_user_id) REFERENCES "user" ("id") ON DELETE CASCADE;
-- The owner of a user who is being deleted.
CREATE INDEX owners_local_user_id_idx ON owners (local_user_id);
-- What has run out is deleted by those who add something.
CREATE INDEX "verification_expiresAt_idx" ON "verification" ("expiresAt");
-- What was sent to a user who is being deleted.
CREATE INDEX verification_value_idx ON "verification" ("value");
