-- words
-- migrate:up transaction:false
alter type c add value 'x'
-- migrate:down
select 1;
--migrate:up transaction: false
select 2;
-- migrate:down
