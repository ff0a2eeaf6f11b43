-- migrate:up
create domain stars as smallint check (value between 1 and 5);
alter table tickets add column stars stars, add constraint tickets_rated check (stars is null or agent_id is not null);

-- migrate:down
alter table tickets drop column stars;
drop domain stars;
