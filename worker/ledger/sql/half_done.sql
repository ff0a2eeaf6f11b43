-- Requests of a release that began outside a transaction and have no outcome: how many of their statements took effect,
-- and what is left of the one that was cut off.
SELECT coalesce(string_agg(
       pg_catalog.format('of request %s ', half.request) || pg_catalog.concat_ws(', ',
           CASE WHEN half.done > 0
                THEN pg_catalog.format('%s statement%s outside a transaction took effect and stay%s', half.done,
                                       CASE WHEN half.done > 1 THEN 's' END, CASE WHEN half.done = 1 THEN 's' END) END,
           half.cut),
       '; ' ORDER BY half.request), '')
  FROM (SELECT p.request, pg_catalog.count(p.done_at) AS done,
               pg_catalog.string_agg(p.made, ', ' ORDER BY p.statement) FILTER (WHERE p.done_at IS NULL) AS cut
          FROM @schema@.progress p
         WHERE p.target_id = $1::int AND pg_catalog.split_part(p.request, '.', 1) = $2::text
         GROUP BY p.request) half
