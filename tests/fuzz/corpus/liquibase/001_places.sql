--liquibase formatted sql

--changeset ines:create-places
--comment: Halls, and the racks in them
create table halls (
    code varchar(8) primary key,
    heated boolean not null default false
);
create table racks (
    hall varchar(8) not null references halls (code),
    nth integer not null check (nth > 0),
    primary key (hall, nth)
);
--rollback drop table racks;
--rollback drop table halls;

--changeset ines:2 labels:basics context:prod,test
create type hazard as enum ('none', 'fire', 'acid');
--rollback drop type hazard;

--changeset jo:2
-- the same id by another author is another change
comment on table halls is 'places; with a roof';
--rollback comment on table halls is null;

--changeset "Jo van Dam":"racks index"
create index idx_racks_hall on racks (hall);
--rollback drop index idx_racks_hall;
