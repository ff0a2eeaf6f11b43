create table plantings (
    bed_id integer references beds (id),
    plant text references plants (latin) on update cascade,
    planted date not null,
    primary key (bed_id, plant, planted)
);
create index idx_plantings_plant on plantings (plant);
