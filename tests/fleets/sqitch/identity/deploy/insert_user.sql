-- Deploy identity:insert_user to pg
-- requires: insert_user@v1.0

BEGIN;

create or replace function identity.insert_user(nick text, password text) returns void language sql security definer as $$
    insert into identity.users (nick, password) values ($1, 'sha256:' || encode(sha256(convert_to($2, 'UTF8')), 'hex'));
$$;

COMMIT;
