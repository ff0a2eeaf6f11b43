create domain phone_number as text check (value ~ '^\+[0-9 ]{6,20}$');

create table patients (
    id bigserial primary key,
    first_name text not null,
    last_name text not null,
    born date,
    phone phone_number,
    full_name text generated always as (first_name || ' ' || last_name) stored
);
