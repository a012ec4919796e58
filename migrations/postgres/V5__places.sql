-- The embedded database gives its rows places. PostgreSQL finds them as it is.
SELECT 1;
