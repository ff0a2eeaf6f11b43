-- +goose NO TRANSACTION
-- +goose Up
-- +goose StatementBegin
create function f() returns int as $$
begin return 1; end
$$ language plpgsql
-- +goose StatementEnd
select 1; -- behind

-- +goose Down
drop function f();
