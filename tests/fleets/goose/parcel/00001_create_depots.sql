-- A comment before the annotation belongs to nothing; even with a semicolon;

-- +goose Up
CREATE TABLE depots (
    code char(3) PRIMARY KEY,
    name text NOT NULL,
    opened_at date
);

-- +goose Down
DROP TABLE depots;
