-- How far each worker had counted its heartbeats: an earlier one that somebody puts there again is no sign of life, to
-- the next leader neither.
ALTER TABLE greylag.workers ADD COLUMN beat bigint NOT NULL DEFAULT 0;
