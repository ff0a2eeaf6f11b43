-- migrate:up
create view open_tickets as
select t.id, t.subject, a.login
from tickets t
left join agents a on a.id = t.agent_id;

-- migrate:down
drop view open_tickets;
