drop table watering;
