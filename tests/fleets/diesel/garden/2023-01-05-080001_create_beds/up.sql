create table beds (
    id serial primary key,
    garden_id integer not null references gardens (id) on delete cascade,
    position point not null,
    soil text not null default 'clay; heavy'
);
create index idx_beds_garden_id on beds (garden_id);
