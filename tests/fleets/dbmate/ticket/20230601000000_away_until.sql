-- migrate:up
alter table agents alter column away drop default;
alter table agents alter column away drop not null;
alter table agents alter column away type date using case when away then date '2023-06-01' end;
alter table agents rename column away to away_until;

-- migrate:down
alter table agents rename column away_until to away;
alter table agents alter column away type boolean using away is not null;
alter table agents alter column away set not null;
alter table agents alter column away set default false;
