create table accounts (
    id uuid primary key,
    name text not null,
    currency char(3) not null default 'EUR',
    balance numeric(14, 2) not null default 0
);
