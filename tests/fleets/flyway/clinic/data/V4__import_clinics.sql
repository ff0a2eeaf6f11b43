-- Data as pg_dump writes it.
copy clinics (name, opened, region) from stdin;
South Bank	1998-04-01	eu-west
Old\tTown	2001-11-30	eu-central
Back\\Slash; no end	2015-06-15	eu-north
\.

insert into rooms (clinic_id, number, wheelchair)
select id, n, n = 1 from clinics cross join generate_series(1, 3) as n order by id, n;

COPY doctors (clinic_id, name, speciality, email) FROM STDIN WITH (FORMAT csv, HEADER true, NULL 'none');
clinic_id,name,speciality,email
1,"Ito, Aiko",cardiology,aiko@example.org
2,"O'Neill ""Red""",general,none
3,Ümit Ş.,paediatrics,umit@example.org
\.
