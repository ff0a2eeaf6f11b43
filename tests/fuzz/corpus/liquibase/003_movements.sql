--liquibase formatted sql

--changeset jo:create-movements
create table movements (
    good bigint not null references goods (id),
    hall varchar(8) not null,
    rack integer not null,
    moved timestamptz not null,
    pieces integer not null check (pieces <> 0),
    foreign key (hall, rack) references racks (hall, nth)
) partition by range (moved);
create table movements_2024 partition of movements for values from ('2024-01-01 00:00Z') to ('2025-01-01 00:00Z');
create table movements_rest partition of movements default;
create index idx_movements_good on movements (good);
create index idx_movements_place on movements (hall, rack);
--rollback drop table movements;

--changeset jo:stock-view runOnChange:true
create or replace view stock as
select m.hall, m.rack, m.good, sum(m.pieces) as pieces
from movements m
group by m.hall, m.rack, m.good;
--rollback drop view stock;

--changeset jo:stock-function runOnChange:true splitStatements:false stripComments:false
create or replace function stock_of(wanted bigint) returns bigint language sql stable as $$
    -- this comment stays in the body; and its semicolon
    select coalesce(sum(pieces), 0)::bigint from stock where good = wanted;
$$;
--rollback drop function stock_of(bigint);

--changeset ines:no-rollback
alter table movements add column note text;

--changeset ines:rollback-empty
alter table movements alter column note set default 'n/a';
--rollback empty

--changeset ines:rollback-block
alter table goods alter column weight_g set default 1000;
alter table goods add constraint goods_weight check (weight_g > 0) not valid;
/* liquibase rollback
alter table goods drop constraint goods_weight;
alter table goods alter column weight_g drop default;
*/
