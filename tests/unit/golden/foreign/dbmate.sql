-- What the real dbmate leaves of the fleet in tests/fleets/dbmate, as pg_dump writes it.
CREATE TABLE public.schema_migrations (
    version character varying NOT NULL
);
INSERT INTO public.schema_migrations VALUES ('10');
INSERT INTO public.schema_migrations VALUES ('20230110080000');
INSERT INTO public.schema_migrations VALUES ('20230110080001');
INSERT INTO public.schema_migrations VALUES ('20230110100000');
INSERT INTO public.schema_migrations VALUES ('20230111090000');
INSERT INTO public.schema_migrations VALUES ('20230115100000');
INSERT INTO public.schema_migrations VALUES ('20230116100000');
INSERT INTO public.schema_migrations VALUES ('20230117000000');
INSERT INTO public.schema_migrations VALUES ('20230201120000');
INSERT INTO public.schema_migrations VALUES ('20230202000000');
INSERT INTO public.schema_migrations VALUES ('20230210000000');
INSERT INTO public.schema_migrations VALUES ('20230211000000');
INSERT INTO public.schema_migrations VALUES ('20230212000000');
INSERT INTO public.schema_migrations VALUES ('20230301000000');
INSERT INTO public.schema_migrations VALUES ('20230302000000');
INSERT INTO public.schema_migrations VALUES ('20230401000000');
INSERT INTO public.schema_migrations VALUES ('20230402000000');
INSERT INTO public.schema_migrations VALUES ('20230403000000');
INSERT INTO public.schema_migrations VALUES ('20230501000000');
INSERT INTO public.schema_migrations VALUES ('20230502000000');
INSERT INTO public.schema_migrations VALUES ('20230601000000');
INSERT INTO public.schema_migrations VALUES ('20230601');
INSERT INTO public.schema_migrations VALUES ('9');
ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);
