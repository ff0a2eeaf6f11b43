-- +goose Up
CREATE TYPE vehicle AS ENUM ('foot', 'bicycle', 'van');
CREATE TABLE couriers (
    id serial PRIMARY KEY,
    depot char(3) NOT NULL REFERENCES depots (code), -- where the day begins
    name text NOT NULL,
    vehicle vehicle NOT NULL DEFAULT 'foot'
);
CREATE INDEX idx_couriers_depot ON couriers (depot);
-- +goose Down
DROP TABLE couriers;
DROP TYPE vehicle;
