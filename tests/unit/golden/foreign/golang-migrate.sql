-- What the real golang-migrate leaves of the fleet in tests/fleets/golang-migrate, as pg_dump writes it.
CREATE TABLE public.schema_migrations (
    version bigint NOT NULL,
    dirty boolean NOT NULL
);
INSERT INTO public.schema_migrations VALUES (20230101120001, false);
ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);
