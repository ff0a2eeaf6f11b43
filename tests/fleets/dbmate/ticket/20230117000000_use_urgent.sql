-- migrate:up
alter table tickets alter column priority set default 'urgent';

-- migrate:down
alter table tickets alter column priority set default 'low';
