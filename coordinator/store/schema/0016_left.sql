-- Who said that a halted release needs nobody any more, and when.
ALTER TABLE greylag.releases ADD COLUMN left_at timestamptz, ADD COLUMN left_by text NOT NULL DEFAULT '';

-- Whether that still goes: one that is retried and halts again ends later.
CREATE FUNCTION greylag.is_left(release greylag.releases) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT release.state = 'halted' AND coalesce(release.left_at >= release.ended_at, false)
$$;
