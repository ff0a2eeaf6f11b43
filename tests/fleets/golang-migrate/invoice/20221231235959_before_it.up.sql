create function textcat_longer(a text, b text) returns text language sql immutable
    as $$ select case when length(a) >= length(b) then a else b end $$;
