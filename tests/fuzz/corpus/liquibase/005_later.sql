--liquibase formatted sql

--changeset ines:hazard-value runInTransaction:false
alter type hazard add value 'radiation' after 'acid';
--rollback select 'stays';

--changeset ines:use-hazard-value
update goods set hazard = 'radiation' where name like 'Marker%';
--rollback update goods set hazard = 'none' where name like 'Marker%';

--changeset jo:audit-schema logicalFilePath:moved/from/elsewhere.sql
create schema audit;
create materialized view audit.by_hall as select hall, sum(pieces) as pieces from stock group by hall with data;
create unique index idx_by_hall_hall on audit.by_hall (hall);
--rollback drop schema audit cascade;

--changeset jo:several-lines
alter table halls
    add column opened date,
    add column words text not null default 'a
line; and

another';
--rollback alter table halls
--rollback     drop column words,
--rollback     drop column opened;

--changeset mel:last ignore:true
this is no SQL at all;

--changeset mel:very-last
comment on view stock is 'of all racks';
--rollback comment on view stock is null;
