-- Revert identity:nick_index from pg

drop index concurrently identity.idx_users_since;
