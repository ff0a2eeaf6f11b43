SELECT service, target, foreign_asked_us FROM greylag.targets
 WHERE foreign_asked_us > foreign_answered_us
   AND foreign_asked_us > (extract(epoch FROM clock_timestamp() - $1::bigint * interval '1 ms') * 1000000)::bigint
 ORDER BY service, target
