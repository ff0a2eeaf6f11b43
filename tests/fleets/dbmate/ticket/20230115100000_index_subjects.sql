-- migrate:up transaction:false
create index concurrently idx_tickets_subject on tickets (lower(subject));

-- migrate:down transaction:false
drop index concurrently idx_tickets_subject;
