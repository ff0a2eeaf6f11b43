-- +goose Up
ALTER TABLE parcels ADD COLUMN weight_kg numeric(7, 3);
UPDATE parcels SET weight_kg = weight_g / 1000.0;
ALTER TABLE parcels ALTER COLUMN weight_kg SET NOT NULL;
ALTER TABLE parcels ADD CONSTRAINT parcels_weight CHECK (weight_kg * 1000 = weight_g) NOT VALID;
-- +goose Down
ALTER TABLE parcels DROP COLUMN weight_kg;
