-- +goose Up
CREATE VIEW heavy_parcels AS
    SELECT id, label, weight_g / 1000.0 AS weight_kg
    FROM parcels
    WHERE weight_g > 1000
;
CREATE MATERIALIZED VIEW depot_load AS SELECT depot, count(*) AS parcels FROM parcels GROUP BY depot;
-- +goose Down
DROP MATERIALIZED VIEW depot_load;
DROP VIEW heavy_parcels;
