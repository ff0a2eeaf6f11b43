drop table harvests;
