CREATE TABLE stage_history (
    deal_id    uuid NOT NULL REFERENCES deals (id) ON DELETE CASCADE,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    from_stage varchar(20),
    to_stage   varchar(20) NOT NULL,
    PRIMARY KEY (deal_id, changed_at)
);

CREATE FUNCTION note_stage_change() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stage_history (deal_id, from_stage, to_stage) VALUES (NEW.id, OLD.stage, NEW.stage);
    RETURN NEW;
END;
$$;

CREATE TRIGGER trg_deals_stage AFTER UPDATE OF stage ON deals
    FOR EACH ROW WHEN (OLD.stage IS DISTINCT FROM NEW.stage) EXECUTE FUNCTION note_stage_change();
