-- +goose Up
CREATE SCHEMA routing;
CREATE TABLE routing.legs (
    courier_id integer NOT NULL REFERENCES public.couriers (id),
    nth smallint NOT NULL,
    parcel_id bigint NOT NULL REFERENCES public.parcels (id),
    window_ tsrange,
    PRIMARY KEY (courier_id, nth)
);
CREATE INDEX idx_legs_parcel_id ON routing.legs (parcel_id);

/* a block comment
   holds a semicolon ; in its middle
*/
CREATE INDEX idx_legs_window ON routing.legs USING gist (window_);

-- +goose Down
DROP SCHEMA routing CASCADE;
