-- liquibase formatted sql

-- changeset ines:1 dbms:postgresql
create table goods (
    id bigint generated always as identity primary key,
    ean char(13) unique,
    name text not null default 'unnamed; yet',
    hazard hazard not null default 'none',
    weight_g integer
);
-- rollback drop table goods;

-- changeset ines:2 dbms:mysql,oracle
create table goods_of_mysql (id int auto_increment primary key) engine = innodb;
-- rollback drop table goods_of_mysql;

-- changeset ines:3 splitStatements:false
create function goods_label(wanted bigint) returns text language plpgsql stable as $$
declare
    found goods;
begin
    select * into found from goods where id = wanted;
    if not found then
        return 'gone;';
    end if;
    return found.name || ' (' || coalesce(found.ean, '-') || ')';
end;
$$;
-- rollback drop function goods_label(bigint);

-- changeset ines:4 endDelimiter:/
create function goods_check() returns trigger language plpgsql as $body$
begin
    new.name := btrim(new.name);
    return new;
end;
$body$
/
create trigger goods_check before insert or update on goods
    for each row execute function goods_check()
/
-- rollback drop trigger goods_check on goods
-- rollback /
-- rollback drop function goods_check()
-- rollback /

-- changeset jo:5 runInTransaction:false
create index concurrently idx_goods_name on goods (lower(name));
-- rollback drop index concurrently idx_goods_name;
