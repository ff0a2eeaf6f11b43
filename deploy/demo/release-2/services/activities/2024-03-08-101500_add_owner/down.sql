DROP INDEX idx_activities_owner;
ALTER TABLE activities DROP COLUMN owner_id;
