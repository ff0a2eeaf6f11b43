-- +goose Up
-- +goose StatementBegin
CREATE TABLE parcel_events (
    parcel_id bigint NOT NULL REFERENCES parcels ON DELETE CASCADE,
    happened timestamptz NOT NULL,
    what text NOT NULL
) PARTITION BY LIST (what);
CREATE TABLE parcel_events_scan PARTITION OF parcel_events FOR VALUES IN ('scan', 'load');
CREATE TABLE parcel_events_other PARTITION OF parcel_events DEFAULT;
-- +goose StatementEnd
CREATE INDEX idx_parcel_events_parcel_id ON parcel_events (parcel_id, happened DESC);

-- +goose Down
DROP TABLE parcel_events;
