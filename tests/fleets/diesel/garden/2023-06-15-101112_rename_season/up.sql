alter type season rename value 'autumn' to 'fall';
alter table harvests rename column kilograms to kg;
