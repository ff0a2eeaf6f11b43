-- @metadata {
--   "author": "mira",
--   "description": "postal addresses of a contact",
--   "breakingChange": false,
--   "estimatedDuration": 500,
--   "dataVolume": "small",
--   "risk": "low",
--   "tags": [
--     "schema"
--   ]
-- }

-- UP
CREATE TYPE address_kind AS ENUM ('home', 'work', 'billing');

CREATE TABLE addresses (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contact_id uuid NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    kind       address_kind NOT NULL DEFAULT 'work',
    street     text NOT NULL,
    city       varchar(100) NOT NULL,
    country    char(2) NOT NULL
);

CREATE INDEX idx_addresses_contact_id ON addresses (contact_id);

-- DOWN
DROP TABLE addresses;
DROP TYPE address_kind;
