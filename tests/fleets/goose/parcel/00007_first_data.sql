-- +goose Up
INSERT INTO depots VALUES ('BER', 'Berlin', '2019-05-01'); INSERT INTO depots VALUES ('MUC', 'München; Ost', NULL);
INSERT INTO couriers (depot, name, vehicle)
VALUES ('BER', 'Kim', 'bicycle'),
       ('MUC', 'Robin "the van"', 'van'); -- two of them
-- +goose StatementBegin
INSERT INTO parcels (label, weight_g, depot) VALUES ('line one;
line two', 250, 'BER');
-- +goose StatementEnd
INSERT INTO parcels (weight_g) VALUES (1200);
-- +goose Down
TRUNCATE parcels, parcel_events, couriers, depots;
