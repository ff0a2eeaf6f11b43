-- The whole key, whatever name each of its targets was enrolled under. How many keys.
WITH revoked AS (
  UPDATE greylag.keys SET revoked_at = clock_timestamp(), revoked_by = $2
   WHERE revoked_at IS NULL AND key IN (SELECT key FROM greylag.keys WHERE key = $1 OR name = $1 OR key = $3)
  RETURNING key
)
SELECT count(DISTINCT key) FROM revoked
