comment on type season is null;
