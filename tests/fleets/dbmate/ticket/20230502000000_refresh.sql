-- migrate:up transaction:false
refresh materialized view concurrently reports.by_queue;
analyze tickets;

-- migrate:down
select 1; -- there is nothing to take back
