-- +goose Up
COMMENT ON TABLE depots IS 'There is no section for the way back.';
