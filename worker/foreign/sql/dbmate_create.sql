CREATE TABLE @table@ (version varchar primary key);
