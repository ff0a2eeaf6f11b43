-- What the real alembic leaves of the fleet in tests/fleets/alembic, as pg_dump writes it.
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
INSERT INTO public.alembic_version VALUES ('9f00000000a3');
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
