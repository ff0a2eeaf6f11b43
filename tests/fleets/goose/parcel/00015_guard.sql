-- +goose Up
-- +goose StatementBegin
DO $guard$
DECLARE
    depots_known integer := (SELECT count(*) FROM depots);
BEGIN
    IF depots_known <> 2 THEN
        RAISE EXCEPTION 'expected 2 depots, found %', depots_known;
    END IF;
    EXECUTE 'COMMENT ON SCHEMA routing IS ''made for ' || depots_known || ' depots;''';
END;
$guard$;
-- +goose StatementEnd
-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN EXECUTE 'COMMENT ON SCHEMA routing IS NULL'; END $$;
-- +goose StatementEnd
