DROP TRIGGER trg_deals_stage ON deals;
DROP FUNCTION note_stage_change();
DROP TABLE stage_history;
