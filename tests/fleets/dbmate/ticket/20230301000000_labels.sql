-- migrate:up    transaction:false
create table labels (name text primary key);
create index idx_labels_upper on labels (upper(name));

-- migrate:down	transaction:true
drop table labels;
