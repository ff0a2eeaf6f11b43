-- A comment may stand before the first section;

-- migrate:up
create table agents (
    id serial primary key,
    queue_id integer not null references queues (id),
    login text not null check (login = lower(login)),
    away boolean not null default false
);
create index idx_agents_queue_id on agents (queue_id);

-- migrate:down
drop table agents;
