/* A description with two separators: the name is split at the first; /* comments nest; */ this ; ends nothing */
create table rooms (
    clinic_id integer not null references clinics (id),
    number smallint not null check (number > 0),
    wheelchair boolean not null default false,
    primary key (clinic_id, number)
);
