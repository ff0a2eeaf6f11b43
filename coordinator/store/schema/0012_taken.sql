-- A step that records what greylag's own record in the target's database has under another name: where ("move
-- fleet/environment/service/target migration", or "share ..." where it stays there), '' none.
ALTER TABLE greylag.plan_steps ADD COLUMN taken_from text NOT NULL DEFAULT '';
