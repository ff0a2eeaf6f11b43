alter table beds drop column soil;
