-- migrate:up
create table settings (key text primary key, value text not null);
comment on table settings is 'version 10 is the first of all: versions are compared as text';

-- migrate:down
drop table settings;
