-- +goose Up
ALTER TABLE depots ADD COLUMN time_zone text NOT NULL DEFAULT 'Europe/Berlin';
-- +goose Down
ALTER TABLE depots DROP COLUMN time_zone;
