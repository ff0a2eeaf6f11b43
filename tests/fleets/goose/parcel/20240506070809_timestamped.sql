-- +goose Up
CREATE TABLE claims (
    parcel_id bigint PRIMARY KEY REFERENCES parcels (id),
    amount numeric(10, 2) NOT NULL CHECK (amount >= 0),
    reason text NOT NULL
);
INSERT INTO claims SELECT id, 12.5, 'lost ; -- not found' FROM parcels WHERE weight_g = 250;
-- +goose Down
DROP TABLE claims;
