update doctors set speciality = 'surgery' where name like 'Ito%';
insert into patients (first_name, last_name, born) values ('${flyway:filename}', '${flyway:defaultSchema}', '2000-01-01');
