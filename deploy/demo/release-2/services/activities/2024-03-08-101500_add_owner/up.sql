ALTER TABLE activities ADD COLUMN owner_id uuid;
CREATE INDEX idx_activities_owner ON activities (owner_id, happened_at DESC);
