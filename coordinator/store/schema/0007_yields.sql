-- A leader that reaches no broker goes on, since nobody else may reach one either; who does takes the lease.
ALTER TABLE greylag.lease ADD COLUMN yields boolean NOT NULL DEFAULT false;
