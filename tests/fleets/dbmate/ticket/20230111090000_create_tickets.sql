-- migrate:up
create table tickets (
    id bigint generated always as identity primary key,
    subject text not null default 'no subject; yet',
    priority priority not null default 'low',
    queue_id integer references queues,
    agent_id integer references agents,
    opened timestamptz not null default '2023-01-11 09:00Z'
);
create index idx_tickets_queue_id on tickets (queue_id);
create index idx_tickets_agent_id on tickets (agent_id) where agent_id is not null;
-- migrate:down
drop table tickets;
