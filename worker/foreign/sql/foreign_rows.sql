-- What a record says, in the tool's own order; @read@ is one of the *_read.sql. A text that is far too long is cut:
-- then it is no migration's. One row more than is read tells that there are too many.
SELECT left(r.version, 1000) AS version, left(r.name, 1000) AS name,
       left(r.script, 1000) AS script, left(r.checksum, 200) AS checksum, r.state
  FROM (@read@) r
 ORDER BY r.place
 LIMIT 100001
