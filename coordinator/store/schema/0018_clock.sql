-- Whether somebody who was heard of at `heard_at` was heard of within so many milliseconds; never heard of: no. What is
-- further ahead than that was written before the clock went back, or by the server that this one follows: who lives is
-- heard of again.
CREATE OR REPLACE FUNCTION greylag.heard_within(heard_at timestamptz, ms bigint) RETURNS boolean LANGUAGE sql AS $$
    SELECT coalesce(heard_at > pg_catalog.clock_timestamp() - ms * interval '1 ms'
                    AND heard_at < pg_catalog.clock_timestamp() + ms * interval '1 ms', false)
$$;
