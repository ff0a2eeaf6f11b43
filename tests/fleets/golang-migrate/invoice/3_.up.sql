-- an empty name is a name
comment on table customers is 'who pays; sooner or later';
