--liquibase formatted sql

--property name:first_hall value:H1
--property name:schema.name value:public dbms:postgresql

--changeset mel:seed-halls
insert into halls values ('${first_hall}', true), ('H2', false);
insert into racks select code, n from halls cross join generate_series(1, 2) n order by code, n;
--rollback delete from racks; delete from halls;

--changeset mel:seed-goods
insert into ${schema.name}.goods (ean, name, hazard, weight_g) values
    ('4006381333931', '  Marker; yellow ', 'none', 12),
    ('4005900136541', 'Drain cleaner "X"', 'acid', 1100),
    (null, 'O''Brien -- lighter', 'fire', 40);
insert into movements (good, hall, rack, moved, pieces, note)
select id, '${first_hall}', 1 + id % 2, timestamptz '2024-03-01 00:00Z' + id * interval '1 hour', 10 * id, 'first'
from goods order by id;
--rollback delete from movements;
--rollback delete from goods;

--changeset mel:guarded
--preconditions onFail:HALT onError:HALT
--precondition-sql-check expectedResult:3 select count(*) from goods
update goods set weight_g = weight_g + 1 where hazard = 'fire';
--rollback update goods set weight_g = weight_g - 1 where hazard = 'fire';

--changeset mel:block splitStatements:false
do $$
declare
    heavy integer := (select count(*) from goods where weight_g > 1000);
begin
    if heavy <> 1 then
        raise exception 'expected one, found %;', heavy;
    end if;
end
$$;
--rollback select 1;
