-- +goose Up
ALTER TYPE vehicle ADD VALUE 'tram' AFTER 'bicycle';
-- +goose Down
SELECT 'a value of an enum stays';
