-- An outcome's id is what its worker says, and others can know it beforehand: each target has its own, so that the key
-- of one target takes no place in the evidence of another.
ALTER TABLE greylag.inbox DROP CONSTRAINT inbox_pkey, ADD PRIMARY KEY (event, service, target);
