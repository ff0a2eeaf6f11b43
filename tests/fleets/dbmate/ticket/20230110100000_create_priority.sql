--migrate:up
create type priority as enum ('low', 'high');
--migrate:down
drop type priority;
