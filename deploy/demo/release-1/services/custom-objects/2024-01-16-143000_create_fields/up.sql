CREATE TYPE field_type AS ENUM ('text', 'number', 'date', 'boolean', 'reference');

CREATE TABLE fields (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    object_type uuid NOT NULL REFERENCES object_types (id) ON DELETE CASCADE,
    api_name    varchar(60) NOT NULL,
    type        field_type NOT NULL,
    required    boolean NOT NULL DEFAULT false,
    UNIQUE (object_type, api_name)
);
