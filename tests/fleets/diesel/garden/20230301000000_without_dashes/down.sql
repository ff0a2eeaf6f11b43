drop table plantings;
