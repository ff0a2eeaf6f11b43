create table gardens (
    id serial primary key,
    name varchar not null,
    square_metres integer not null check (square_metres > 0),
    updated_at timestamp not null default '2023-01-05'
);
select manage_updated_at('gardens');
