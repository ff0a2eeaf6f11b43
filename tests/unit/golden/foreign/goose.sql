-- What the real goose leaves of the fleet in tests/fleets/goose, as pg_dump writes it. Two went back, one of them up again.
CREATE TABLE public.goose_db_version (
    id integer NOT NULL,
    version_id bigint NOT NULL,
    is_applied boolean NOT NULL,
    tstamp timestamp without time zone DEFAULT now()
);
CREATE SEQUENCE public.goose_db_version_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.goose_db_version_id_seq OWNED BY public.goose_db_version.id;
ALTER TABLE ONLY public.goose_db_version ALTER COLUMN id SET DEFAULT nextval('public.goose_db_version_id_seq'::regclass);
INSERT INTO public.goose_db_version VALUES (1, 0, true, '2026-11-21 17:37:23.003834');
INSERT INTO public.goose_db_version VALUES (2, 1, true, '2026-11-21 17:37:23.009577');
INSERT INTO public.goose_db_version VALUES (3, 2, true, '2026-11-21 17:37:23.013556');
INSERT INTO public.goose_db_version VALUES (4, 3, true, '2026-11-21 17:37:23.0225');
INSERT INTO public.goose_db_version VALUES (5, 4, true, '2026-11-21 17:37:23.027975');
INSERT INTO public.goose_db_version VALUES (6, 5, true, '2026-11-21 17:37:23.035358');
INSERT INTO public.goose_db_version VALUES (7, 6, true, '2026-11-21 17:37:23.039605');
INSERT INTO public.goose_db_version VALUES (8, 7, true, '2026-11-21 17:37:23.039912');
INSERT INTO public.goose_db_version VALUES (9, 9, true, '2026-11-21 17:37:23.042693');
INSERT INTO public.goose_db_version VALUES (10, 10, true, '2026-11-21 17:37:23.043387');
INSERT INTO public.goose_db_version VALUES (11, 11, true, '2026-11-21 17:37:23.043851');
INSERT INTO public.goose_db_version VALUES (12, 12, true, '2026-11-21 17:37:23.044377');
INSERT INTO public.goose_db_version VALUES (13, 13, true, '2026-11-21 17:37:23.044726');
INSERT INTO public.goose_db_version VALUES (14, 14, true, '2026-11-21 17:37:23.047399');
INSERT INTO public.goose_db_version VALUES (15, 15, true, '2026-11-21 17:37:23.053829');
INSERT INTO public.goose_db_version VALUES (16, 16, true, '2026-11-21 17:37:23.054988');
INSERT INTO public.goose_db_version VALUES (17, 17, true, '2026-11-21 17:37:23.058919');
INSERT INTO public.goose_db_version VALUES (18, 20240506070809, true, '2026-11-21 17:37:23.059143');
INSERT INTO public.goose_db_version VALUES (19, 20240506070810, true, '2026-11-21 17:37:23.064371');
INSERT INTO public.goose_db_version VALUES (22, 20240506070811, true, '2026-11-21 17:37:23.122851');
SELECT pg_catalog.setval('public.goose_db_version_id_seq', 22, true);
ALTER TABLE ONLY public.goose_db_version
    ADD CONSTRAINT goose_db_version_pkey PRIMARY KEY (id);
