-- With which placeholders a text of a repeatable migration came into effect: {"replaced": ..., "values": [{"name", "value",
-- "secret"}]}, so that the way back to it is the way back to them, too. '' of other steps, and of those before this column.
ALTER TABLE greylag.plan_steps ADD COLUMN placeholders text NOT NULL DEFAULT '';
