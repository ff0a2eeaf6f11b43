-- What the real liquibase leaves of the fleet in tests/fleets/liquibase, as pg_dump writes it.
CREATE TABLE public.databasechangelog (
    id character varying(255) NOT NULL,
    author character varying(255) NOT NULL,
    filename character varying(255) NOT NULL,
    dateexecuted timestamp without time zone NOT NULL,
    orderexecuted integer NOT NULL,
    exectype character varying(10) NOT NULL,
    md5sum character varying(35),
    description character varying(255),
    comments character varying(255),
    tag character varying(255),
    liquibase character varying(20),
    contexts character varying(255),
    labels character varying(255),
    deployment_id character varying(10)
);
CREATE TABLE public.databasechangeloglock (
    id integer NOT NULL,
    locked boolean NOT NULL,
    lockgranted timestamp without time zone,
    lockedby character varying(255)
);
INSERT INTO public.databasechangelog VALUES ('create-places', 'ines', 'changes/001_places.sql', '2026-11-21 17:37:25.216244', 1, 'EXECUTED', '9:a5aaec3ecbe62d01fbae61597a85d4f8', 'sql', 'Halls, and the racks in them', NULL, '4.29.2', NULL, NULL, '5282645164');
INSERT INTO public.databasechangelog VALUES ('2', 'ines', 'changes/001_places.sql', '2026-11-21 17:37:25.223992', 2, 'EXECUTED', '9:81ef5721a4e17f413eed7d9a2d381e4b', 'sql', '', NULL, '4.29.2', '(prod,test)', 'basics', '5282645164');
INSERT INTO public.databasechangelog VALUES ('2', 'jo', 'changes/001_places.sql', '2026-11-21 17:37:25.236643', 3, 'EXECUTED', '9:68bc102e521038da6e70e426e51fca62', 'sql', '', NULL, '4.29.2', NULL, NULL, '5282645164');
INSERT INTO public.databasechangelog VALUES ('racks index', 'Jo van Dam', 'changes/001_places.sql', '2026-11-21 17:37:25.243293', 4, 'EXECUTED', '9:c5988c07d517e1332328980452f74736', 'sql', '', NULL, '4.29.2', NULL, NULL, '5282645164');
INSERT INTO public.databasechangelog VALUES ('1', 'ines', 'changes/002_goods.sql', '2026-11-21 17:37:25.255837', 5, 'EXECUTED', '9:7372d9fb148e82cb8f1d4d32f3c52211', 'sql', '', NULL, '4.29.2', NULL, NULL, '5282645164');
INSERT INTO public.databasechangelog VALUES ('3', 'ines', 'changes/002_goods.sql', '2026-11-21 17:37:25.265782', 6, 'EXECUTED', '9:e1aa7ed8562eb12db88a2a34d2083a94', 'sql', '', NULL, '4.29.2', NULL, NULL, '5282645164');
INSERT INTO public.databasechangelog VALUES ('4', 'ines', 'changes/002_goods.sql', '2026-11-21 17:37:25.273138', 7, 'EXECUTED', '9:094a4768e27bc896609ce3db8bf197d4', 'sql', '', NULL, '4.29.2', NULL, NULL, '5282645164');
INSERT INTO public.databasechangelog VALUES ('5', 'jo', 'changes/002_goods.sql', '2026-11-21 17:37:25.279412', 8, 'EXECUTED', '9:7a0829d978e132922df63d4803197c2e', 'sql', '', NULL, '4.29.2', NULL, NULL, '5282645164');
INSERT INTO public.databasechangelog VALUES ('create-movements', 'jo', 'changes/003_movements.sql', '2026-11-21 17:37:25.296979', 9, 'EXECUTED', '9:e68c717c00d098bdc4687cee152a6f60', 'sql', '', NULL, '4.29.2', NULL, NULL, '5282645164');
INSERT INTO public.databasechangelog VALUES ('stock-view', 'jo', 'changes/003_movements.sql', '2026-11-21 17:37:25.305167', 10, 'EXECUTED', '9:d504ec4ea6b646842da8872534111f28', 'sql', '', NULL, '4.29.2', NULL, NULL, '5282645164');
INSERT INTO public.databasechangelog VALUES ('stock-function', 'jo', 'changes/003_movements.sql', '2026-11-21 17:37:25.309554', 11, 'EXECUTED', '9:fe0f833724182dee43e3bda0c3ef8bdb', 'sql', '', NULL, '4.29.2', NULL, NULL, '5282645164');
INSERT INTO public.databasechangelog VALUES ('no-rollback', 'ines', 'changes/003_movements.sql', '2026-11-21 17:37:25.315712', 12, 'EXECUTED', '9:bcb137a8adc23d77331aef5cf496aa4a', 'sql', '', NULL, '4.29.2', NULL, NULL, '5282645164');
INSERT INTO public.databasechangelog VALUES ('rollback-empty', 'ines', 'changes/003_movements.sql', '2026-11-21 17:37:25.319693', 13, 'EXECUTED', '9:0560beeb2b62de9521759bd415f622d8', 'sql', '', NULL, '4.29.2', NULL, NULL, '5282645164');
INSERT INTO public.databasechangelog VALUES ('rollback-block', 'ines', 'changes/003_movements.sql', '2026-11-21 17:37:25.327278', 14, 'EXECUTED', '9:f4d70bd73fbe9f0e8776330e5f716fa1', 'sql', '', NULL, '4.29.2', NULL, NULL, '5282645164');
INSERT INTO public.databasechangelog VALUES ('seed-halls', 'mel', 'changes/004_data.sql', '2026-11-21 17:37:25.334791', 15, 'EXECUTED', '9:05cd1dc558796309a438c7e65fb184eb', 'sql', '', NULL, '4.29.2', NULL, NULL, '5282645164');
INSERT INTO public.databasechangelog VALUES ('seed-goods', 'mel', 'changes/004_data.sql', '2026-11-21 17:37:25.342859', 16, 'EXECUTED', '9:aecd4871f2e2a0cd84ade8700eb3d62b', 'sql', '', NULL, '4.29.2', NULL, NULL, '5282645164');
INSERT INTO public.databasechangelog VALUES ('guarded', 'mel', 'changes/004_data.sql', '2026-11-21 17:37:25.34789', 17, 'EXECUTED', '9:c36d10a23c852cb5bc340c3f79e0d79c', 'sql', '', NULL, '4.29.2', NULL, NULL, '5282645164');
INSERT INTO public.databasechangelog VALUES ('block', 'mel', 'changes/004_data.sql', '2026-11-21 17:37:25.35188', 18, 'EXECUTED', '9:821073807d891298fb9d311f5cee11c8', 'sql', '', NULL, '4.29.2', NULL, NULL, '5282645164');
INSERT INTO public.databasechangelog VALUES ('hazard-value', 'ines', 'changes/005_later.sql', '2026-11-21 17:37:25.355767', 19, 'EXECUTED', '9:5024bcdfa33402b1c2073e64ed754b3e', 'sql', '', NULL, '4.29.2', NULL, NULL, '5282645164');
INSERT INTO public.databasechangelog VALUES ('use-hazard-value', 'ines', 'changes/005_later.sql', '2026-11-21 17:37:25.359931', 20, 'EXECUTED', '9:6b4f08f919559e4aa117519c1a7cc935', 'sql', '', NULL, '4.29.2', NULL, NULL, '5282645164');
INSERT INTO public.databasechangelog VALUES ('audit-schema', 'jo', 'moved/from/elsewhere.sql', '2026-11-21 17:37:25.369954', 21, 'EXECUTED', '9:93b1292226fe1c61992ec4d96a68d7c6', 'sql', '', NULL, '4.29.2', NULL, NULL, '5282645164');
INSERT INTO public.databasechangelog VALUES ('several-lines', 'jo', 'changes/005_later.sql', '2026-11-21 17:37:25.375504', 22, 'EXECUTED', '9:8170387aa958c2737acfd35bdb0631b3', 'sql', '', NULL, '4.29.2', NULL, NULL, '5282645164');
INSERT INTO public.databasechangelog VALUES ('very-last', 'mel', 'changes/005_later.sql', '2026-11-21 17:37:25.380421', 23, 'EXECUTED', '9:0b1a01e5acbc0421de9646f07cb1f754', 'sql', '', NULL, '4.29.2', NULL, NULL, '5282645164');
INSERT INTO public.databasechangeloglock VALUES (1, false, NULL, NULL);
ALTER TABLE ONLY public.databasechangeloglock
    ADD CONSTRAINT databasechangeloglock_pkey PRIMARY KEY (id);
