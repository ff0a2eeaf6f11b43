-- +goose Up
ALTER TABLE depots RENAME COLUMN opened_at TO opened_on;
-- +goose Down
ALTER TABLE depots RENAME COLUMN opened_on TO opened_at;