-- The release counts as changed, also where the order changed nothing: whoever gave it waits for that.
WITH handled AS (
  UPDATE greylag.orders o SET handled_at = clock_timestamp(), result = x.r
    FROM json_to_recordset($1::json) AS x(i bigint, r text)
   WHERE o.id = x.i
  RETURNING o.release
)
UPDATE greylag.releases SET change = nextval('greylag.change') WHERE id IN (SELECT release FROM handled)
