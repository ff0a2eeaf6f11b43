-- The first version is written 0001: it is version 1.
create table clinics (
    id integer generated always as identity primary key,
    name text not null,
    region text not null default '${region}',
    opened date not null,
    constraint clinics_name_key unique (name)
);
comment on table clinics is 'Places; a placeholder is replaced in strings and comments too: ${REGION}';
