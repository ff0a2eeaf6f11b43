-- +goose NO TRANSACTION

-- +goose Up
CREATE INDEX CONCURRENTLY idx_parcels_depot ON parcels (depot) WHERE depot IS NOT NULL;
CREATE UNIQUE INDEX CONCURRENTLY idx_parcels_label_lower
    ON parcels (lower(label));

-- +goose Down
DROP INDEX CONCURRENTLY idx_parcels_label_lower;
DROP INDEX CONCURRENTLY idx_parcels_depot;
