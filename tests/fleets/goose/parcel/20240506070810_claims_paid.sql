-- +goose Up
ALTER TABLE claims
    ADD COLUMN paid boolean NOT NULL DEFAULT false,
    ADD COLUMN paid_on date;
CREATE FUNCTION claims_open() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM claims WHERE NOT paid';
-- +goose Down
DROP FUNCTION claims_open;
ALTER TABLE claims DROP COLUMN paid_on, DROP COLUMN paid;
