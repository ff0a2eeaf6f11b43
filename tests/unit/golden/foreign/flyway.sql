-- What the real flyway leaves of the fleet in tests/fleets/flyway, as pg_dump writes it.
CREATE TABLE public.flyway_schema_history (
    installed_rank integer NOT NULL,
    version character varying(50),
    description character varying(200) NOT NULL,
    type character varying(20) NOT NULL,
    script character varying(1000) NOT NULL,
    checksum integer,
    installed_by character varying(100) NOT NULL,
    installed_on timestamp without time zone DEFAULT now() NOT NULL,
    execution_time integer NOT NULL,
    success boolean NOT NULL
);
INSERT INTO public.flyway_schema_history VALUES (1, '0001', 'create clinics', 'SQL', 'schema/V0001__create_clinics.sql', 858155342, 'postgres', '2026-11-21 17:37:22.321777', 16, true);
INSERT INTO public.flyway_schema_history VALUES (2, '1.1', 'create doctors', 'SQL', 'schema/V1_1__create_doctors.sql', 477956827, 'postgres', '2026-11-21 17:37:22.357374', 10, true);
INSERT INTO public.flyway_schema_history VALUES (3, '1.2', 'add  rooms', 'SQL', 'schema/V1.2__add__rooms.sql', 493370329, 'postgres', '2026-11-21 17:37:22.376179', 7, true);
INSERT INTO public.flyway_schema_history VALUES (4, '1.9', 'create patients', 'SQL', 'schema/V1.9__create_patients.sql', 2002137017, 'postgres', '2026-11-21 17:37:22.396365', 8, true);
INSERT INTO public.flyway_schema_history VALUES (5, '1.10', 'create appointments', 'SQL', 'schema/V1.10__create_appointments.sql', 445348119, 'postgres', '2026-11-21 17:37:22.416813', 15, true);
INSERT INTO public.flyway_schema_history VALUES (6, '2', '', 'SQL', 'schema/V2.sql', -529467153, 'postgres', '2026-11-21 17:37:22.440281', 3, true);
INSERT INTO public.flyway_schema_history VALUES (7, '2.0.1', 'index patients', 'SQL', 'schema/V2.0.1__index_patients.sql', 1423606347, 'postgres', '2026-11-21 17:37:22.454009', 3, true);
INSERT INTO public.flyway_schema_history VALUES (8, '2.1', 'exclude double bookings', 'SQL', 'schema/V2.1__exclude_double_bookings.SQL', 1854103112, 'postgres', '2026-11-21 17:37:22.459269', 27, true);
INSERT INTO public.flyway_schema_history VALUES (9, '3', 'touch function', 'SQL', 'procedures/V3__touch_function.sql', -1152016282, 'postgres', '2026-11-21 17:37:22.495872', 6, true);
INSERT INTO public.flyway_schema_history VALUES (10, '3.1', 'nested quotes', 'SQL', 'procedures/V3.1__nested_quotes.sql', 1096261250, 'postgres', '2026-11-21 17:37:22.51056', 4, true);
INSERT INTO public.flyway_schema_history VALUES (11, '3.2', 'atomic body', 'SQL', 'procedures/V3.2__atomic_body.sql', -1767430593, 'postgres', '2026-11-21 17:37:22.523234', 4, true);
INSERT INTO public.flyway_schema_history VALUES (12, '4', 'import clinics', 'SQL', 'data/V4__import_clinics.sql', -1040601350, 'postgres', '2026-11-21 17:37:22.533413', 5, true);
INSERT INTO public.flyway_schema_history VALUES (13, '4.1', 'owner', 'SQL', 'data/V4.1__owner.sql', -370793029, 'postgres', '2026-11-21 17:37:22.544226', 3, true);
INSERT INTO public.flyway_schema_history VALUES (14, '4.2', 'patients', 'SQL', 'data/V4.2__patients.sql', -978116995, 'postgres', '2026-11-21 17:37:22.553632', 7, true);
INSERT INTO public.flyway_schema_history VALUES (15, '5', 'set search path', 'SQL', 'V5__set_search_path.sql', -785901122, 'postgres', '2026-11-22 06:37:22.566105', 8, true);
INSERT INTO public.flyway_schema_history VALUES (16, '5.1', 'add enum value', 'SQL', 'V5.1__add_enum_value.sql', -286732046, 'postgres', '2026-11-22 06:37:22.586839', 5, true);
INSERT INTO public.flyway_schema_history VALUES (17, '5.2', 'use enum value', 'SQL', 'V5.2__use_enum_value.sql', 1178544709, 'postgres', '2026-11-22 06:37:22.590571', 2, true);
INSERT INTO public.flyway_schema_history VALUES (18, '6', 'switch off trigger', 'SQL', 'V6__switch_off_trigger.sql', -1118311596, 'postgres', '2026-11-22 06:37:22.599104', 2, true);
INSERT INTO public.flyway_schema_history VALUES (19, '20240301120000', 'timestamped', 'SQL', 'V20240301120000__timestamped.sql', 230738416, 'postgres', '2026-11-22 06:37:22.606263', 7, true);
INSERT INTO public.flyway_schema_history VALUES (20, '20240301120000.1', 'rename', 'SQL', 'V20240301120000.1__rename.sql', 1915089991, 'postgres', '2026-11-22 06:37:22.616388', 7, true);
INSERT INTO public.flyway_schema_history VALUES (21, '99999999999999999999999999', 'large version', 'SQL', 'V99999999999999999999999999__large_version.sql', -1389260304, 'postgres', '2026-11-22 06:37:22.627935', 2, true);
INSERT INTO public.flyway_schema_history VALUES (22, NULL, '01 views', 'SQL', 'repeatable/R__01_views.sql', 1067638358, 'postgres', '2026-11-22 06:37:22.633889', 3, true);
INSERT INTO public.flyway_schema_history VALUES (23, NULL, '02 report', 'SQL', 'repeatable/R__02_report.sql', 1075597731, 'postgres', '2026-11-22 06:37:22.642627', 6, true);
INSERT INTO public.flyway_schema_history VALUES (24, NULL, 'Comments', 'SQL', 'repeatable/R__Comments.sql', -1066877876, 'postgres', '2026-11-22 06:37:22.654108', 3, true);
ALTER TABLE ONLY public.flyway_schema_history
    ADD CONSTRAINT flyway_schema_history_pk PRIMARY KEY (installed_rank);
CREATE INDEX flyway_schema_history_s_idx ON public.flyway_schema_history USING btree (success);
