CREATE TABLE a (x int);
COPY a (x) FROM stdin;
1
2
\.
COPY b FROM STDIN WITH (FORMAT csv);
\.
SELECT 1;
