-- +goose Up
-- +goose ENVSUB ON
grant select on t to $READER, ${WRITER}; -- \\ $
-- +goose ENVSUB OFF
select '$x';
-- +goose Down
