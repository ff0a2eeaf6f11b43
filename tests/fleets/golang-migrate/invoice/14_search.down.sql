alter table customers drop column words;
