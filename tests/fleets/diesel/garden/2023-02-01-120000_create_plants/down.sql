drop table plants;
drop type season;
