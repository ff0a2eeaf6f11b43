-- What the real diesel (diesel_cli 2.2.12) leaves of the fleet in tests/fleets/diesel, as pg_dump writes it.
CREATE TABLE public.__diesel_schema_migrations (
    version character varying(50) NOT NULL,
    run_on timestamp without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);
INSERT INTO public.__diesel_schema_migrations VALUES ('00000000000000', '2026-11-21 17:25:59.14483');
INSERT INTO public.__diesel_schema_migrations VALUES ('20230105080000', '2026-11-21 17:25:59.147128');
INSERT INTO public.__diesel_schema_migrations VALUES ('20230105080001', '2026-11-21 17:25:59.150097');
INSERT INTO public.__diesel_schema_migrations VALUES ('20230201120000', '2026-11-21 17:25:59.152254');
INSERT INTO public.__diesel_schema_migrations VALUES ('20230201120000.5', '2026-11-21 17:25:59.154071');
INSERT INTO public.__diesel_schema_migrations VALUES ('20230301000000', '2026-11-21 17:25:59.154552');
INSERT INTO public.__diesel_schema_migrations VALUES ('20230302000000', '2026-11-21 17:25:59.15643');
INSERT INTO public.__diesel_schema_migrations VALUES ('20230310093000', '2026-11-21 17:25:59.157904');
INSERT INTO public.__diesel_schema_migrations VALUES ('20230401000000', '2026-11-21 17:25:59.159493');
INSERT INTO public.__diesel_schema_migrations VALUES ('20230402000000', '2026-11-21 17:25:59.159628');
INSERT INTO public.__diesel_schema_migrations VALUES ('20230501000000', '2026-11-21 17:25:59.16182');
INSERT INTO public.__diesel_schema_migrations VALUES ('20230502000000', '2026-11-21 17:25:59.162843');
INSERT INTO public.__diesel_schema_migrations VALUES ('20230601000000', '2026-11-21 17:25:59.163461');
INSERT INTO public.__diesel_schema_migrations VALUES ('20230615101112', '2026-11-21 17:25:59.164103');
INSERT INTO public.__diesel_schema_migrations VALUES ('20230701000000', '2026-11-21 17:25:59.164516');
INSERT INTO public.__diesel_schema_migrations VALUES ('20230702000000', '2026-11-21 17:25:59.166993');
INSERT INTO public.__diesel_schema_migrations VALUES ('20230801000000', '2026-11-21 17:25:59.168647');
INSERT INTO public.__diesel_schema_migrations VALUES ('20230802000000', '2026-11-21 17:25:59.169429');
INSERT INTO public.__diesel_schema_migrations VALUES ('20230901000000', '2026-11-21 17:25:59.170163');
INSERT INTO public.__diesel_schema_migrations VALUES ('20240101000000', '2026-11-21 17:25:59.17083');
ALTER TABLE ONLY public.__diesel_schema_migrations
    ADD CONSTRAINT __diesel_schema_migrations_pkey PRIMARY KEY (version);
