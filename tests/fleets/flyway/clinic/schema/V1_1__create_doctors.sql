create type speciality as enum ('general', 'cardiology', 'paediatrics');

create table doctors (
    id integer generated always as identity primary key,
    clinic_id integer not null references clinics (id) on delete cascade,
    name varchar(120) not null,
    speciality speciality not null default 'general',
    email text check (email like '%@%')
);
create index idx_doctors_clinic_id on doctors (clinic_id);
