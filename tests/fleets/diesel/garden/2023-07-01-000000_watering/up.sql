set search_path to public;
create table watering (
    bed_id integer not null references beds (id),
    at timestamptz not null,
    litres real not null
) partition by hash (bed_id);
create table watering_0 partition of watering for values with (modulus 2, remainder 0);
create table watering_1 partition of watering for values with (modulus 2, remainder 1);
create index idx_watering_bed_id on watering (bed_id);
