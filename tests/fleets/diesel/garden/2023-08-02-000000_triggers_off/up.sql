alter table gardens disable trigger set_updated_at;
update gardens set name = upper(name);
alter table gardens enable trigger set_updated_at;
