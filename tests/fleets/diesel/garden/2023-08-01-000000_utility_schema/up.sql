create schema utils;
create function utils.litres(wanted integer) returns real language sql as $$ select sum(litres) from watering where bed_id = wanted; $$;
grant usage on schema utils to public;
