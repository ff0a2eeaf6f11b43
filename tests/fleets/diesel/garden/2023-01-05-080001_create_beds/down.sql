drop table beds;
