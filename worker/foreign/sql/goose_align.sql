-- goose goes back from the row with the highest id (goose: dialect_store.go, GetDBVersion): one that was written later
-- than it took effect has pushed itself in front of those that came after it, which go to the end again, one by one.
UPDATE @table@ t
   SET id = DEFAULT
 WHERE t.id = (SELECT max(mine.id) FROM @table@ mine WHERE mine.version_id = $1::numeric)
   AND EXISTS (SELECT FROM @table@ other WHERE other.id > t.id AND other.tstamp < t.tstamp)
