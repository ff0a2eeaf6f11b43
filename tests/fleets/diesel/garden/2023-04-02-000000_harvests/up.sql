create table harvests (
    id bigint generated always as identity primary key,
    bed_id integer not null,
    plant text not null,
    planted date not null,
    kilograms numeric(6, 3) not null,
    foreign key (bed_id, plant, planted) references plantings
);
create index idx_harvests_planting on harvests (bed_id, plant, planted);
