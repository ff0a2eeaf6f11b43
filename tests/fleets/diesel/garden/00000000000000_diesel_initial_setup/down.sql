drop function if exists manage_updated_at(_tbl regclass);
drop function if exists set_updated_at();
