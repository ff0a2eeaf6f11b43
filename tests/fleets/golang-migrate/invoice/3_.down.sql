comment on table customers is null;
