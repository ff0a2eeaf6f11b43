-- migrate:up
create table queues (
    id serial primary key,
    name varchar(60) not null unique
);

-- migrate:down
drop table queues;
