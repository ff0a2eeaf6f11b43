-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION parcel_label() RETURNS trigger AS $$
BEGIN
    -- the end of this line is no end;
    IF new.label = 'none; yet' THEN
        new.label := 'P-' || new.id;
    END IF;
    RETURN new;
END;
$$ LANGUAGE plpgsql;
-- +goose StatementEnd

CREATE TRIGGER parcels_label BEFORE INSERT ON parcels
    FOR EACH ROW EXECUTE FUNCTION parcel_label();

-- +goose Down
DROP TRIGGER parcels_label ON parcels;
DROP FUNCTION parcel_label;
