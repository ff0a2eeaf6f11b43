-- Deploy identity:insert_user to pg
-- requires: users appschema

BEGIN;

create or replace function identity.insert_user(nick text, password text) returns void language sql security definer as $$
    insert into identity.users (nick, password) values ($1, md5($2));
$$;

COMMIT;
