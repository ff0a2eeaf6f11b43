CREATE TABLE activities (
    id          bigint GENERATED ALWAYS AS IDENTITY,
    tenant_id   uuid NOT NULL,
    kind        varchar(20) NOT NULL CHECK (kind IN ('call', 'meeting', 'mail', 'task')),
    subject     text NOT NULL,
    happened_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, happened_at)
) PARTITION BY RANGE (happened_at);

CREATE TABLE activities_2023 PARTITION OF activities FOR VALUES FROM ('2023-01-01 00:00+00') TO ('2024-01-01 00:00+00');
CREATE TABLE activities_2024 PARTITION OF activities FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2025-01-01 00:00+00');
CREATE TABLE activities_rest PARTITION OF activities DEFAULT;
