CREATE TABLE @table@ (version bigint not null primary key, dirty boolean not null);
