-- What the server said beside an outcome (proto: said); NULL: nothing. That of a step stands in its outcome.
ALTER TABLE greylag.inbox ADD COLUMN said jsonb;
