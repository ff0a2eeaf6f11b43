-- migrate:up
comment on table tickets is 'two
lines';

-- migrate:down
comment on table tickets is null;
