create type season as enum ('spring', 'summer', 'autumn', 'winter');
create table plants (
    latin text primary key,
    common text,
    sow season not null,
    harvest season
);
