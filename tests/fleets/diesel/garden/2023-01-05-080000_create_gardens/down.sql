drop table gardens;
