-- The newest instances of each key, which stands behind the last @ of their names.
SELECT worker, beat
  FROM (SELECT worker, beat, last_seen,
               row_number() OVER (PARTITION BY substring(worker FROM '[^@]*$') ORDER BY last_seen DESC) AS nth
          FROM greylag.workers) AS w
 WHERE nth <= $1::bigint
 ORDER BY last_seen
