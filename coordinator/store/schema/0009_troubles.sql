-- What keeps a coordinator from its work, as it says itself; one that says nothing for a while is gone.
CREATE TABLE greylag.troubles (
    holder  text NOT NULL,
    place   int NOT NULL,     -- the oldest first
    text    text NOT NULL,
    hint    text NOT NULL,    -- what mends it, or ''
    since   timestamptz NOT NULL,
    told_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (holder, place)
);
-- How long a message has been waiting.
ALTER TABLE greylag.outbox ADD COLUMN stored_at timestamptz NOT NULL DEFAULT clock_timestamp();
