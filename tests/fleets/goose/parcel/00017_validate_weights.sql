-- +goose NO TRANSACTION
-- +goose Up
ALTER TABLE parcels VALIDATE CONSTRAINT parcels_weight;
-- +goose StatementBegin
ALTER TABLE parcels SET (autovacuum_vacuum_scale_factor = 0.05);
-- +goose StatementEnd
VACUUM parcels;
-- +goose Down
ALTER TABLE parcels RESET (autovacuum_vacuum_scale_factor);
