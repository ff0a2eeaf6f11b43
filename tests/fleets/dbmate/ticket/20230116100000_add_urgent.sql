-- migrate:up transaction:false
alter type priority add value 'urgent';

-- migrate:down
select 1;
