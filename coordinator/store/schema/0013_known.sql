-- What a target holds is known only in the leadership that heard it: in which epoch that was. Another leader may find
-- another database there.
ALTER TABLE greylag.targets ADD COLUMN known_in bigint NOT NULL DEFAULT 0;

-- Whether that leadership lasts.
CREATE FUNCTION greylag.is_known(known boolean, known_in bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(known AND known_in = l.epoch AND l.expires_at > pg_catalog.clock_timestamp(), false)
      FROM greylag.lease l
$$;
