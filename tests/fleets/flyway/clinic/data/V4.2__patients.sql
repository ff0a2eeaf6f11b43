insert into patients (first_name, last_name, born, phone) values
    ('Ann', 'Lee', '1980-02-29', '+44 20 7946 0000'),
    ('Björn', 'Ångström', '1814-08-13', null),
    ('李', '小龍', '1940-11-27', '+852 1234 5678');
select setval('patients_id_seq', 100);
insert into patients (first_name, last_name) values ('After', 'Jump');
