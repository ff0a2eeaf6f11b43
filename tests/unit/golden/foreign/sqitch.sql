-- What the real sqitch leaves of the fleet in tests/fleets/sqitch, as pg_dump writes it.
CREATE SCHEMA sqitch;
COMMENT ON SCHEMA sqitch IS 'Sqitch database deployment metadata v1.1.';
CREATE TABLE sqitch.changes (
    change_id text NOT NULL,
    script_hash text,
    change text NOT NULL,
    project text NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    committed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    committer_name text NOT NULL,
    committer_email text NOT NULL,
    planned_at timestamp with time zone NOT NULL,
    planner_name text NOT NULL,
    planner_email text NOT NULL
);
COMMENT ON TABLE sqitch.changes IS 'Tracks the changes currently deployed to the database.';
COMMENT ON COLUMN sqitch.changes.change_id IS 'Change primary key.';
COMMENT ON COLUMN sqitch.changes.script_hash IS 'Deploy script SHA-1 hash.';
COMMENT ON COLUMN sqitch.changes.change IS 'Name of a deployed change.';
COMMENT ON COLUMN sqitch.changes.project IS 'Name of the Sqitch project to which the change belongs.';
COMMENT ON COLUMN sqitch.changes.note IS 'Description of the change.';
COMMENT ON COLUMN sqitch.changes.committed_at IS 'Date the change was deployed.';
COMMENT ON COLUMN sqitch.changes.committer_name IS 'Name of the user who deployed the change.';
COMMENT ON COLUMN sqitch.changes.committer_email IS 'Email address of the user who deployed the change.';
COMMENT ON COLUMN sqitch.changes.planned_at IS 'Date the change was added to the plan.';
COMMENT ON COLUMN sqitch.changes.planner_name IS 'Name of the user who planed the change.';
COMMENT ON COLUMN sqitch.changes.planner_email IS 'Email address of the user who planned the change.';
CREATE TABLE sqitch.dependencies (
    change_id text NOT NULL,
    type text NOT NULL,
    dependency text NOT NULL,
    dependency_id text,
    CONSTRAINT dependencies_check CHECK ((((type = 'require'::text) AND (dependency_id IS NOT NULL)) OR ((type = 'conflict'::text) AND (dependency_id IS NULL))))
);
COMMENT ON TABLE sqitch.dependencies IS 'Tracks the currently satisfied dependencies.';
COMMENT ON COLUMN sqitch.dependencies.change_id IS 'ID of the depending change.';
COMMENT ON COLUMN sqitch.dependencies.type IS 'Type of dependency.';
COMMENT ON COLUMN sqitch.dependencies.dependency IS 'Dependency name.';
COMMENT ON COLUMN sqitch.dependencies.dependency_id IS 'Change ID the dependency resolves to.';
CREATE TABLE sqitch.events (
    event text NOT NULL,
    change_id text NOT NULL,
    change text NOT NULL,
    project text NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    requires text[] DEFAULT '{}'::text[] NOT NULL,
    conflicts text[] DEFAULT '{}'::text[] NOT NULL,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    committed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    committer_name text NOT NULL,
    committer_email text NOT NULL,
    planned_at timestamp with time zone NOT NULL,
    planner_name text NOT NULL,
    planner_email text NOT NULL,
    CONSTRAINT events_event_check CHECK ((event = ANY (ARRAY['deploy'::text, 'revert'::text, 'fail'::text, 'merge'::text])))
);
COMMENT ON TABLE sqitch.events IS 'Contains full history of all deployment events.';
COMMENT ON COLUMN sqitch.events.event IS 'Type of event.';
COMMENT ON COLUMN sqitch.events.change_id IS 'Change ID.';
COMMENT ON COLUMN sqitch.events.change IS 'Change name.';
COMMENT ON COLUMN sqitch.events.project IS 'Name of the Sqitch project to which the change belongs.';
COMMENT ON COLUMN sqitch.events.note IS 'Description of the change.';
COMMENT ON COLUMN sqitch.events.requires IS 'Array of the names of required changes.';
COMMENT ON COLUMN sqitch.events.conflicts IS 'Array of the names of conflicting changes.';
COMMENT ON COLUMN sqitch.events.tags IS 'Tags associated with the change.';
COMMENT ON COLUMN sqitch.events.committed_at IS 'Date the event was committed.';
COMMENT ON COLUMN sqitch.events.committer_name IS 'Name of the user who committed the event.';
COMMENT ON COLUMN sqitch.events.committer_email IS 'Email address of the user who committed the event.';
COMMENT ON COLUMN sqitch.events.planned_at IS 'Date the event was added to the plan.';
COMMENT ON COLUMN sqitch.events.planner_name IS 'Name of the user who planed the change.';
COMMENT ON COLUMN sqitch.events.planner_email IS 'Email address of the user who plan planned the change.';
CREATE TABLE sqitch.projects (
    project text NOT NULL,
    uri text,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    creator_name text NOT NULL,
    creator_email text NOT NULL
);
COMMENT ON TABLE sqitch.projects IS 'Sqitch projects deployed to this database.';
COMMENT ON COLUMN sqitch.projects.project IS 'Unique Name of a project.';
COMMENT ON COLUMN sqitch.projects.uri IS 'Optional project URI';
COMMENT ON COLUMN sqitch.projects.created_at IS 'Date the project was added to the database.';
COMMENT ON COLUMN sqitch.projects.creator_name IS 'Name of the user who added the project.';
COMMENT ON COLUMN sqitch.projects.creator_email IS 'Email address of the user who added the project.';
CREATE TABLE sqitch.releases (
    version real NOT NULL,
    installed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    installer_name text NOT NULL,
    installer_email text NOT NULL
);
COMMENT ON TABLE sqitch.releases IS 'Sqitch registry releases.';
COMMENT ON COLUMN sqitch.releases.version IS 'Version of the Sqitch registry.';
COMMENT ON COLUMN sqitch.releases.installed_at IS 'Date the registry release was installed.';
COMMENT ON COLUMN sqitch.releases.installer_name IS 'Name of the user who installed the registry release.';
COMMENT ON COLUMN sqitch.releases.installer_email IS 'Email address of the user who installed the registry release.';
CREATE TABLE sqitch.tags (
    tag_id text NOT NULL,
    tag text NOT NULL,
    project text NOT NULL,
    change_id text NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    committed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    committer_name text NOT NULL,
    committer_email text NOT NULL,
    planned_at timestamp with time zone NOT NULL,
    planner_name text NOT NULL,
    planner_email text NOT NULL
);
COMMENT ON TABLE sqitch.tags IS 'Tracks the tags currently applied to the database.';
COMMENT ON COLUMN sqitch.tags.tag_id IS 'Tag primary key.';
COMMENT ON COLUMN sqitch.tags.tag IS 'Project-unique tag name.';
COMMENT ON COLUMN sqitch.tags.project IS 'Name of the Sqitch project to which the tag belongs.';
COMMENT ON COLUMN sqitch.tags.change_id IS 'ID of last change deployed before the tag was applied.';
COMMENT ON COLUMN sqitch.tags.note IS 'Description of the tag.';
COMMENT ON COLUMN sqitch.tags.committed_at IS 'Date the tag was applied to the database.';
COMMENT ON COLUMN sqitch.tags.committer_name IS 'Name of the user who applied the tag.';
COMMENT ON COLUMN sqitch.tags.committer_email IS 'Email address of the user who applied the tag.';
COMMENT ON COLUMN sqitch.tags.planned_at IS 'Date the tag was added to the plan.';
COMMENT ON COLUMN sqitch.tags.planner_name IS 'Name of the user who planed the tag.';
COMMENT ON COLUMN sqitch.tags.planner_email IS 'Email address of the user who planned the tag.';
INSERT INTO sqitch.changes VALUES ('745d8ccdb82ebf1b926c69e9aa331e808d6c79b1', '4d4acf39f0b0828b837428d54f355ce160d48d47', 'appschema', 'identity', 'A schema of its own; all else stands in it.', '2026-11-21 17:37:26.287137+00', 'Tester', 'tester@example.org', '2024-01-01 08:00:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.changes VALUES ('2fba2d82b64bcc5464fc6489b94e71575628da3e', '3c748d3a7bdc6cc7f375e66606cd73c9b87edc15', 'users', 'identity', '', '2026-11-21 17:37:26.375816+00', 'Tester', 'tester@example.org', '2024-01-02 08:01:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.changes VALUES ('c228aef79307c5fc4639d1173d200b0096644e49', '0f6e084e9ef6d2a19addc58f1cd639e3e72f628c', 'insert_user', 'identity', 'Hashes with MD5; see the reworked one', '2026-11-21 17:37:26.458299+00', 'Tester', 'tester@example.org', '2024-01-03 08:02:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.changes VALUES ('28fa649fd774e7adab8b75f51de4dfb9eb5b6dd4', 'cec63e8ab16769b9a27633f89483f1dac927e90b', 'roles_of_users', 'identity', '', '2026-11-21 17:37:26.545603+00', 'Tester', 'tester@example.org', '2024-01-04 08:03:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.changes VALUES ('760feaa235210c72d5fa3fec87ee41ca9a303033', '59e67aa46543d94d6089ebc067eff65613ec4411', 'insert_user', 'identity', 'Better hashes', '2026-11-21 17:37:26.625388+00', 'Tester', 'tester@example.org', '2024-01-07 08:06:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.changes VALUES ('74bfab9d8a5ffb467a1a65b1df279cbb3bb7f21a', 'd0a1690a95da6619028b31f655581f0e603eecb1', 'first_users', 'identity', '', '2026-11-21 17:37:26.702827+00', 'Tester', 'tester@example.org', '2024-01-08 08:07:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.changes VALUES ('8e5a67e479365673a04e815bc80b1195a5bf895d', '3ed5922812004f5468a6277bb845f54e65afe7a5', 'security/sellers', 'identity', 'The name has a folder in it', '2026-11-21 17:37:26.785787+00', 'Tester', 'tester@example.org', '2024-01-09 08:08:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.changes VALUES ('b86c89965cb3b48b9dc46c6bb1a9a386e77f4853', 'fb78a9da2f33f7007f377c01d1f3bd80770f4d69', 'nick_index', 'identity', 'Outside a transaction', '2026-11-21 17:37:26.867543+00', 'Tester', 'tester@example.org', '2024-01-10 08:09:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.changes VALUES ('4f53f030fd53d5824ade03cdafd8a16eb78b7506', 'bce7f8d92c4ca0ef26f912fb6d99bef078368b40', 'appschema', 'shop', '', '2026-11-21 17:37:27.392975+00', 'Tester', 'tester@example.org', '2024-02-01 08:00:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.changes VALUES ('404ff3e5227471964e9598f95bbe1269a1612dc9', '0dcddb5c8097d1d57ee584ff31afb93cd1f0500c', 'authors', 'shop', '', '2026-11-21 17:37:27.465318+00', 'Tester', 'tester@example.org', '2024-02-02 08:01:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.changes VALUES ('58870979e5e2edbea3191822d3174740f930d605', 'c15a27b9ccf6455a8ca4e00cbe4dcb6e97fe2c84', 'books', 'shop', 'Uses another project', '2026-11-21 17:37:27.53919+00', 'Tester', 'tester@example.org', '2024-02-03 08:02:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.changes VALUES ('f729008d58f74e0ffb2d3fa036ac3a64d4d920ba', '55558703c8e2257156d903dda9d6640c70737d17', 'price_history', 'shop', '', '2026-11-21 17:37:27.616822+00', 'Tester', 'tester@example.org', '2024-02-04 08:03:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.changes VALUES ('6e56d76cdd09679125336b6d31152629970f9cbf', '04759df9f9b97b0f9155be74c3ff31eff2e42162', 'price_trigger', 'shop', '', '2026-11-21 17:37:27.685941+00', 'Tester', 'tester@example.org', '2024-02-05 08:04:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.changes VALUES ('fb35d4c27b331211cd49c6dc65d339e62cbcd1c4', '5f2c6c1e290aebd041f409795ce42843feb52912', 'first_books', 'shop', 'ünïcödé in a note, and no verify script', '2026-11-21 17:37:27.724646+00', 'Tester', 'tester@example.org', '2024-02-06 08:05:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.changes VALUES ('2ad3c2f428d84695d7252e54cc41036a405aba43', 'f6002c9ff9dff647bebf19830ccfc75fa0152f8c', 'orders', 'shop', 'Conflicts with what never was', '2026-11-21 17:37:27.798637+00', 'Tester', 'tester@example.org', '2024-02-07 08:06:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.changes VALUES ('a3ace64d5a9ad77474f4344cf0fca2972a145b7d', 'c2bf3e12a007b679a6b93323357c9c42a1208325', 'order_lines', 'shop', '', '2026-11-21 17:37:27.871562+00', 'Tester', 'tester@example.org', '2024-02-08 08:07:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.changes VALUES ('16c98ec61fc2b6f8b3f51a261e07cc6d37f82540', 'ecc29fbc104df0b04c774263c0fadb8d0d5eddfe', 'totals', 'shop', '', '2026-11-21 17:37:27.943159+00', 'Tester', 'tester@example.org', '2024-02-09 08:08:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.changes VALUES ('6138f237f9799f305b45f1a9a330f70f25748037', 'd367a9ac8fa39200f3b4dd521a7ba2a40405d1b8', 'totals', 'shop', 'Reworked: how many titles', '2026-11-21 17:37:28.014644+00', 'Tester', 'tester@example.org', '2024-02-10 08:09:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.changes VALUES ('8462e8be9ffe2f914174bf452df2474d608536d8', '6fa05f0722e03ed6fdafbec38e51bc687c4c2e5e', 'reviews', 'shop', '', '2026-11-21 17:37:28.090599+00', 'Tester', 'tester@example.org', '2024-02-11 08:10:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.changes VALUES ('851d6de5e296d710f6d733c8f2e40e0d92551436', '85d2ac3f43fffc7371513a280b0eb3a44a423fd4', 'stars_check', 'shop', '', '2026-11-21 17:37:28.158665+00', 'Tester', 'tester@example.org', '2024-02-12 08:11:00+00', 'Øystein Å.', 'øystein@example.org');
INSERT INTO sqitch.changes VALUES ('2f18213461d924c8272110dcab0b5d865b2ab1a0', '14735f4eb78a25aad04bd080fb91c3b221eff0a4', 'place_order', 'shop', '', '2026-11-21 17:37:28.231081+00', 'Tester', 'tester@example.org', '2024-02-13 08:12:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.changes VALUES ('58f52c4b7d57e2eaeff9e9da5147d7b56277dd16', 'c0c5d57d35331ee24b7919487a5c13e7cb24b4b2', 'search_words', 'shop', '', '2026-11-21 17:37:28.304442+00', 'Tester', 'tester@example.org', '2024-02-14 08:13:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.changes VALUES ('2a1f6050f50b5401c79633ec8eb6e00f1bba3751', '008b86e498cfb6ea9f2dcf81efc475617266f8f0', 'comments', 'shop', '', '2026-11-21 17:37:28.344792+00', 'Tester', 'tester@example.org', '2024-02-15 08:14:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.dependencies VALUES ('2fba2d82b64bcc5464fc6489b94e71575628da3e', 'require', 'appschema', '745d8ccdb82ebf1b926c69e9aa331e808d6c79b1');
INSERT INTO sqitch.dependencies VALUES ('c228aef79307c5fc4639d1173d200b0096644e49', 'require', 'users', '2fba2d82b64bcc5464fc6489b94e71575628da3e');
INSERT INTO sqitch.dependencies VALUES ('c228aef79307c5fc4639d1173d200b0096644e49', 'require', 'appschema', '745d8ccdb82ebf1b926c69e9aa331e808d6c79b1');
INSERT INTO sqitch.dependencies VALUES ('28fa649fd774e7adab8b75f51de4dfb9eb5b6dd4', 'require', 'users', '2fba2d82b64bcc5464fc6489b94e71575628da3e');
INSERT INTO sqitch.dependencies VALUES ('760feaa235210c72d5fa3fec87ee41ca9a303033', 'require', 'insert_user@v1.0', 'c228aef79307c5fc4639d1173d200b0096644e49');
INSERT INTO sqitch.dependencies VALUES ('74bfab9d8a5ffb467a1a65b1df279cbb3bb7f21a', 'require', 'insert_user', 'c228aef79307c5fc4639d1173d200b0096644e49');
INSERT INTO sqitch.dependencies VALUES ('74bfab9d8a5ffb467a1a65b1df279cbb3bb7f21a', 'require', 'roles_of_users', '28fa649fd774e7adab8b75f51de4dfb9eb5b6dd4');
INSERT INTO sqitch.dependencies VALUES ('8e5a67e479365673a04e815bc80b1195a5bf895d', 'require', 'roles_of_users', '28fa649fd774e7adab8b75f51de4dfb9eb5b6dd4');
INSERT INTO sqitch.dependencies VALUES ('b86c89965cb3b48b9dc46c6bb1a9a386e77f4853', 'require', 'users', '2fba2d82b64bcc5464fc6489b94e71575628da3e');
INSERT INTO sqitch.dependencies VALUES ('404ff3e5227471964e9598f95bbe1269a1612dc9', 'require', 'appschema', '4f53f030fd53d5824ade03cdafd8a16eb78b7506');
INSERT INTO sqitch.dependencies VALUES ('58870979e5e2edbea3191822d3174740f930d605', 'require', 'authors', '404ff3e5227471964e9598f95bbe1269a1612dc9');
INSERT INTO sqitch.dependencies VALUES ('58870979e5e2edbea3191822d3174740f930d605', 'require', 'identity:users@v1.0', '2fba2d82b64bcc5464fc6489b94e71575628da3e');
INSERT INTO sqitch.dependencies VALUES ('f729008d58f74e0ffb2d3fa036ac3a64d4d920ba', 'require', 'books', '58870979e5e2edbea3191822d3174740f930d605');
INSERT INTO sqitch.dependencies VALUES ('6e56d76cdd09679125336b6d31152629970f9cbf', 'require', 'price_history', 'f729008d58f74e0ffb2d3fa036ac3a64d4d920ba');
INSERT INTO sqitch.dependencies VALUES ('fb35d4c27b331211cd49c6dc65d339e62cbcd1c4', 'require', 'price_trigger', '6e56d76cdd09679125336b6d31152629970f9cbf');
INSERT INTO sqitch.dependencies VALUES ('fb35d4c27b331211cd49c6dc65d339e62cbcd1c4', 'require', 'books', '58870979e5e2edbea3191822d3174740f930d605');
INSERT INTO sqitch.dependencies VALUES ('fb35d4c27b331211cd49c6dc65d339e62cbcd1c4', 'require', 'identity:first_users', '74bfab9d8a5ffb467a1a65b1df279cbb3bb7f21a');
INSERT INTO sqitch.dependencies VALUES ('2ad3c2f428d84695d7252e54cc41036a405aba43', 'require', '@beta', 'fb35d4c27b331211cd49c6dc65d339e62cbcd1c4');
INSERT INTO sqitch.dependencies VALUES ('2ad3c2f428d84695d7252e54cc41036a405aba43', 'require', 'identity:roles_of_users', '28fa649fd774e7adab8b75f51de4dfb9eb5b6dd4');
INSERT INTO sqitch.dependencies VALUES ('2ad3c2f428d84695d7252e54cc41036a405aba43', 'conflict', 'warehouse:legacy_orders', NULL);
INSERT INTO sqitch.dependencies VALUES ('a3ace64d5a9ad77474f4344cf0fca2972a145b7d', 'require', 'orders', '2ad3c2f428d84695d7252e54cc41036a405aba43');
INSERT INTO sqitch.dependencies VALUES ('a3ace64d5a9ad77474f4344cf0fca2972a145b7d', 'require', 'books@beta', '58870979e5e2edbea3191822d3174740f930d605');
INSERT INTO sqitch.dependencies VALUES ('16c98ec61fc2b6f8b3f51a261e07cc6d37f82540', 'require', 'order_lines', 'a3ace64d5a9ad77474f4344cf0fca2972a145b7d');
INSERT INTO sqitch.dependencies VALUES ('6138f237f9799f305b45f1a9a330f70f25748037', 'require', 'totals@v1', '16c98ec61fc2b6f8b3f51a261e07cc6d37f82540');
INSERT INTO sqitch.dependencies VALUES ('8462e8be9ffe2f914174bf452df2474d608536d8', 'require', 'books', '58870979e5e2edbea3191822d3174740f930d605');
INSERT INTO sqitch.dependencies VALUES ('8462e8be9ffe2f914174bf452df2474d608536d8', 'require', 'identity:users', '2fba2d82b64bcc5464fc6489b94e71575628da3e');
INSERT INTO sqitch.dependencies VALUES ('851d6de5e296d710f6d733c8f2e40e0d92551436', 'require', 'reviews', '8462e8be9ffe2f914174bf452df2474d608536d8');
INSERT INTO sqitch.dependencies VALUES ('2f18213461d924c8272110dcab0b5d865b2ab1a0', 'require', 'totals', '16c98ec61fc2b6f8b3f51a261e07cc6d37f82540');
INSERT INTO sqitch.dependencies VALUES ('2f18213461d924c8272110dcab0b5d865b2ab1a0', 'require', 'order_lines', 'a3ace64d5a9ad77474f4344cf0fca2972a145b7d');
INSERT INTO sqitch.dependencies VALUES ('58f52c4b7d57e2eaeff9e9da5147d7b56277dd16', 'require', 'reviews', '8462e8be9ffe2f914174bf452df2474d608536d8');
INSERT INTO sqitch.dependencies VALUES ('2a1f6050f50b5401c79633ec8eb6e00f1bba3751', 'require', 'search_words', '58f52c4b7d57e2eaeff9e9da5147d7b56277dd16');
INSERT INTO sqitch.events VALUES ('deploy', '745d8ccdb82ebf1b926c69e9aa331e808d6c79b1', 'appschema', 'identity', 'A schema of its own; all else stands in it.', '{}', '{}', '{}', '2026-11-21 17:37:26.288366+00', 'Tester', 'tester@example.org', '2024-01-01 08:00:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.events VALUES ('deploy', '2fba2d82b64bcc5464fc6489b94e71575628da3e', 'users', 'identity', '', '{appschema}', '{}', '{}', '2026-11-21 17:37:26.376916+00', 'Tester', 'tester@example.org', '2024-01-02 08:01:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.events VALUES ('deploy', 'c228aef79307c5fc4639d1173d200b0096644e49', 'insert_user', 'identity', 'Hashes with MD5; see the reworked one', '{users,appschema}', '{}', '{}', '2026-11-21 17:37:26.459609+00', 'Tester', 'tester@example.org', '2024-01-03 08:02:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.events VALUES ('deploy', '28fa649fd774e7adab8b75f51de4dfb9eb5b6dd4', 'roles_of_users', 'identity', '', '{users}', '{}', '{@v1.0}', '2026-11-21 17:37:26.548142+00', 'Tester', 'tester@example.org', '2024-01-04 08:03:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.events VALUES ('deploy', '760feaa235210c72d5fa3fec87ee41ca9a303033', 'insert_user', 'identity', 'Better hashes', '{insert_user@v1.0}', '{}', '{}', '2026-11-21 17:37:26.626178+00', 'Tester', 'tester@example.org', '2024-01-07 08:06:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.events VALUES ('deploy', '74bfab9d8a5ffb467a1a65b1df279cbb3bb7f21a', 'first_users', 'identity', '', '{insert_user,roles_of_users}', '{}', '{}', '2026-11-21 17:37:26.70408+00', 'Tester', 'tester@example.org', '2024-01-08 08:07:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.events VALUES ('deploy', '8e5a67e479365673a04e815bc80b1195a5bf895d', 'security/sellers', 'identity', 'The name has a folder in it', '{roles_of_users}', '{}', '{}', '2026-11-21 17:37:26.786742+00', 'Tester', 'tester@example.org', '2024-01-09 08:08:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.events VALUES ('deploy', 'b86c89965cb3b48b9dc46c6bb1a9a386e77f4853', 'nick_index', 'identity', 'Outside a transaction', '{users}', '{}', '{@v1.1}', '2026-11-21 17:37:26.868845+00', 'Tester', 'tester@example.org', '2024-01-10 08:09:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.events VALUES ('deploy', '4f53f030fd53d5824ade03cdafd8a16eb78b7506', 'appschema', 'shop', '', '{}', '{}', '{}', '2026-11-21 17:37:27.39378+00', 'Tester', 'tester@example.org', '2024-02-01 08:00:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.events VALUES ('deploy', '404ff3e5227471964e9598f95bbe1269a1612dc9', 'authors', 'shop', '', '{appschema}', '{}', '{}', '2026-11-21 17:37:27.466665+00', 'Tester', 'tester@example.org', '2024-02-02 08:01:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.events VALUES ('deploy', '58870979e5e2edbea3191822d3174740f930d605', 'books', 'shop', 'Uses another project', '{authors,identity:users@v1.0}', '{}', '{}', '2026-11-21 17:37:27.540138+00', 'Tester', 'tester@example.org', '2024-02-03 08:02:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.events VALUES ('deploy', 'f729008d58f74e0ffb2d3fa036ac3a64d4d920ba', 'price_history', 'shop', '', '{books}', '{}', '{}', '2026-11-21 17:37:27.617769+00', 'Tester', 'tester@example.org', '2024-02-04 08:03:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.events VALUES ('deploy', '6e56d76cdd09679125336b6d31152629970f9cbf', 'price_trigger', 'shop', '', '{price_history}', '{}', '{}', '2026-11-21 17:37:27.686918+00', 'Tester', 'tester@example.org', '2024-02-05 08:04:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.events VALUES ('deploy', 'fb35d4c27b331211cd49c6dc65d339e62cbcd1c4', 'first_books', 'shop', 'ünïcödé in a note, and no verify script', '{price_trigger,books,identity:first_users}', '{}', '{@beta}', '2026-11-21 17:37:27.726222+00', 'Tester', 'tester@example.org', '2024-02-06 08:05:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.events VALUES ('deploy', '2ad3c2f428d84695d7252e54cc41036a405aba43', 'orders', 'shop', 'Conflicts with what never was', '{@beta,identity:roles_of_users}', '{warehouse:legacy_orders}', '{}', '2026-11-21 17:37:27.799382+00', 'Tester', 'tester@example.org', '2024-02-07 08:06:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.events VALUES ('deploy', 'a3ace64d5a9ad77474f4344cf0fca2972a145b7d', 'order_lines', 'shop', '', '{orders,books@beta}', '{}', '{}', '2026-11-21 17:37:27.872572+00', 'Tester', 'tester@example.org', '2024-02-08 08:07:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.events VALUES ('deploy', '16c98ec61fc2b6f8b3f51a261e07cc6d37f82540', 'totals', 'shop', '', '{order_lines}', '{}', '{@v1}', '2026-11-21 17:37:27.944259+00', 'Tester', 'tester@example.org', '2024-02-09 08:08:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.events VALUES ('deploy', '6138f237f9799f305b45f1a9a330f70f25748037', 'totals', 'shop', 'Reworked: how many titles', '{totals@v1}', '{}', '{}', '2026-11-21 17:37:28.015591+00', 'Tester', 'tester@example.org', '2024-02-10 08:09:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.events VALUES ('deploy', '8462e8be9ffe2f914174bf452df2474d608536d8', 'reviews', 'shop', '', '{books,identity:users}', '{}', '{}', '2026-11-21 17:37:28.091298+00', 'Tester', 'tester@example.org', '2024-02-11 08:10:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.events VALUES ('deploy', '851d6de5e296d710f6d733c8f2e40e0d92551436', 'stars_check', 'shop', '', '{reviews}', '{}', '{}', '2026-11-21 17:37:28.159349+00', 'Tester', 'tester@example.org', '2024-02-12 08:11:00+00', 'Øystein Å.', 'øystein@example.org');
INSERT INTO sqitch.events VALUES ('deploy', '2f18213461d924c8272110dcab0b5d865b2ab1a0', 'place_order', 'shop', '', '{totals,order_lines}', '{}', '{}', '2026-11-21 17:37:28.231842+00', 'Tester', 'tester@example.org', '2024-02-13 08:12:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.events VALUES ('deploy', '58f52c4b7d57e2eaeff9e9da5147d7b56277dd16', 'search_words', 'shop', '', '{reviews}', '{}', '{}', '2026-11-21 17:37:28.305467+00', 'Tester', 'tester@example.org', '2024-02-14 08:13:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.events VALUES ('deploy', '2a1f6050f50b5401c79633ec8eb6e00f1bba3751', 'comments', 'shop', '', '{search_words}', '{}', '{@v2}', '2026-11-21 17:37:28.346085+00', 'Tester', 'tester@example.org', '2024-02-15 08:14:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.projects VALUES ('identity', 'https://example.org/identity/', '2026-11-21 17:37:26.203764+00', 'Tester', 'tester@example.org');
INSERT INTO sqitch.projects VALUES ('shop', 'https://example.org/shop/', '2026-11-21 17:37:27.321091+00', 'Tester', 'tester@example.org');
INSERT INTO sqitch.releases VALUES (1.1, '2026-11-21 17:37:26.20254+00', 'Tester', 'tester@example.org');
INSERT INTO sqitch.tags VALUES ('f3496d15a8c9332cad396c045a7b4868744cc9e8', '@v1.0', 'identity', '28fa649fd774e7adab8b75f51de4dfb9eb5b6dd4', 'First release: with a # in its note', '2026-11-21 17:37:26.546944+00', 'Tester', 'tester@example.org', '2024-01-05 18:00:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.tags VALUES ('2da21ea1c7f7d78cc5707c3e9ed34ce692f5cdde', '@v1.1', 'identity', 'b86c89965cb3b48b9dc46c6bb1a9a386e77f4853', '', '2026-11-21 17:37:26.868372+00', 'Tester', 'tester@example.org', '2024-01-12 18:00:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.tags VALUES ('a093ff030c3ee8e380c6401577161b5072e60e45', '@beta', 'shop', 'fb35d4c27b331211cd49c6dc65d339e62cbcd1c4', 'Feedback; please', '2026-11-21 17:37:27.725683+00', 'Tester', 'tester@example.org', '2024-02-07 18:00:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.tags VALUES ('a64027be732b91ea1ba11cd1a271b869270c36db', '@v1', 'shop', '16c98ec61fc2b6f8b3f51a261e07cc6d37f82540', '', '2026-11-21 17:37:27.943826+00', 'Tester', 'tester@example.org', '2024-02-11 18:00:00+00', 'Mara Olsen', 'mara@example.org');
INSERT INTO sqitch.tags VALUES ('52c40a804fcea28d4fffd122bfe3ed28b48d39b1', '@v2', 'shop', '2a1f6050f50b5401c79633ec8eb6e00f1bba3751', 'The last one', '2026-11-21 17:37:28.345648+00', 'Tester', 'tester@example.org', '2024-02-18 18:00:00+00', 'Mara Olsen', 'mara@example.org');
ALTER TABLE ONLY sqitch.changes
    ADD CONSTRAINT changes_pkey PRIMARY KEY (change_id);
ALTER TABLE ONLY sqitch.changes
    ADD CONSTRAINT changes_project_script_hash_key UNIQUE (project, script_hash);
ALTER TABLE ONLY sqitch.dependencies
    ADD CONSTRAINT dependencies_pkey PRIMARY KEY (change_id, dependency);
ALTER TABLE ONLY sqitch.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (change_id, committed_at);
ALTER TABLE ONLY sqitch.projects
    ADD CONSTRAINT projects_pkey PRIMARY KEY (project);
ALTER TABLE ONLY sqitch.projects
    ADD CONSTRAINT projects_uri_key UNIQUE (uri);
ALTER TABLE ONLY sqitch.releases
    ADD CONSTRAINT releases_pkey PRIMARY KEY (version);
ALTER TABLE ONLY sqitch.tags
    ADD CONSTRAINT tags_pkey PRIMARY KEY (tag_id);
ALTER TABLE ONLY sqitch.tags
    ADD CONSTRAINT tags_project_tag_key UNIQUE (project, tag);
ALTER TABLE ONLY sqitch.changes
    ADD CONSTRAINT changes_project_fkey FOREIGN KEY (project) REFERENCES sqitch.projects(project) ON UPDATE CASCADE;
ALTER TABLE ONLY sqitch.dependencies
    ADD CONSTRAINT dependencies_change_id_fkey FOREIGN KEY (change_id) REFERENCES sqitch.changes(change_id) ON UPDATE CASCADE ON DELETE CASCADE;
ALTER TABLE ONLY sqitch.dependencies
    ADD CONSTRAINT dependencies_dependency_id_fkey FOREIGN KEY (dependency_id) REFERENCES sqitch.changes(change_id) ON UPDATE CASCADE;
ALTER TABLE ONLY sqitch.events
    ADD CONSTRAINT events_project_fkey FOREIGN KEY (project) REFERENCES sqitch.projects(project) ON UPDATE CASCADE;
ALTER TABLE ONLY sqitch.tags
    ADD CONSTRAINT tags_change_id_fkey FOREIGN KEY (change_id) REFERENCES sqitch.changes(change_id) ON UPDATE CASCADE;
ALTER TABLE ONLY sqitch.tags
    ADD CONSTRAINT tags_project_fkey FOREIGN KEY (project) REFERENCES sqitch.projects(project) ON UPDATE CASCADE;
