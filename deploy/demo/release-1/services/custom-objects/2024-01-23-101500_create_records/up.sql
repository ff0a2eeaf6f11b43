CREATE TABLE records (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    object_type uuid NOT NULL REFERENCES object_types (id),
    tenant_id   uuid NOT NULL,
    data        jsonb NOT NULL DEFAULT '{}',
    created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX idx_records_object_type ON records (object_type);
CREATE INDEX idx_records_data ON records USING gin (data jsonb_path_ops);
