alter table harvests rename column kg to kilograms;
alter type season rename value 'fall' to 'autumn';
