-- @metadata {
--   "author": "tomasz",
--   "description": "tell the owner when a committed deal slips",
--   "breakingChange": false,
--   "estimatedDuration": 500,
--   "dataVolume": "small",
--   "risk": "low",
--   "tags": [
--     "schema"
--   ],
--   "dependencies": [
--     "deals:000006",
--     "activities:20240308101500"
--   ]
-- }

-- UP
CREATE TABLE alerts (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id     bigint NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    category   varchar(20) NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX idx_alerts_run_id ON alerts (run_id);

-- DOWN
DROP TABLE alerts;
