-- Deploy identity:nick_index to pg
-- requires: users

create index concurrently idx_users_since on identity.users (since);
