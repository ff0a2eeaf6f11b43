-- A target that is gone and of which nobody wants to hear any more. Its row stays, for the sequence must never go back; a
-- worker that reports it again takes the mark away.
ALTER TABLE greylag.targets ADD COLUMN forgotten_at timestamptz;
