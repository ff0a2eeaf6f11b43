-- +goose Up
CREATE TABLE parcels (
    id bigserial PRIMARY KEY,
    label text NOT NULL UNIQUE DEFAULT 'none; yet',
    weight_g integer NOT NULL CHECK (weight_g BETWEEN 1 AND 31500),
    depot char(3) REFERENCES depots,
    created_at timestamptz NOT NULL DEFAULT '2024-01-01'
); -- a comment behind the end; with one more semicolon

-- +goose Down
DROP TABLE parcels;
