-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION half(n integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $f$ BEGIN RETURN n / 2; END $f$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE PROCEDURE settle(wanted bigint) LANGUAGE plpgsql AS $p$
BEGIN
    UPDATE claims SET paid = true, paid_on = '2024-05-06' WHERE parcel_id = wanted;
    -- $$ ; $$ is nothing here
END
$p$;
-- +goose StatementEnd
CALL settle(1);
-- +goose Down
DROP PROCEDURE settle;
DROP FUNCTION half;
