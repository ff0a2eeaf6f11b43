-- For how long the lease lasts from each renewal, as its holder has it; 0: nobody has said so yet.
ALTER TABLE greylag.lease ADD COLUMN lasts_ms bigint NOT NULL DEFAULT 0;
