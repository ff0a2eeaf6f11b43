-- migrate:up
create schema reports;
create materialized view reports.by_queue as
    select q.name, count(t.id) as tickets from queues q left join tickets t on t.queue_id = q.id group by q.name;
create unique index idx_by_queue_name on reports.by_queue (name);

-- migrate:down
drop schema reports cascade;
