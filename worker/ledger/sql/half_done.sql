-- Requests of a release that began outside a transaction and have no outcome: how many of their statements took effect.
SELECT coalesce(string_agg(
       pg_catalog.format('of request %s %s statement%s outside a transaction took effect and stay%s', half.request,
                         half.done, CASE WHEN half.done > 1 THEN 's' END, CASE WHEN half.done = 1 THEN 's' END),
       '; ' ORDER BY half.request), '')
  FROM (SELECT p.request, pg_catalog.count(*) AS done
          FROM @schema@.progress p
         WHERE p.target_id = $1::int AND p.done_at IS NOT NULL AND pg_catalog.split_part(p.request, '.', 1) = $2::text
         GROUP BY p.request) half
