-- Who said that a halted release needs nobody any more, and when. One that is retried and halts again ends later.
ALTER TABLE greylag.releases ADD COLUMN left_at timestamptz, ADD COLUMN left_by text NOT NULL DEFAULT '';
