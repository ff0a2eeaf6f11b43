-- An ask is behind all asks and answers that there are, whatever the clock says.
SELECT greatest((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
                (SELECT max(greatest(foreign_asked_us, foreign_answered_us)) + 1 FROM greylag.targets))
