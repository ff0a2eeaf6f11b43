-- migrate:up
insert into queues (name) values ('billing'), ('it''s broken; help'), ('lob & "préis"');
insert into agents (queue_id, login) select id, 'agent' || id from queues order by id;
insert into tickets (subject, queue_id, agent_id)
select 'ticket ' || n, 1 + n % 3, nullif(n % 4, 0) from generate_series(1, 9) as n;
insert into messages (ticket_id, body) values (1, 'first'), (1, 'second -- not a comment'), (2, E'tab\there');

-- migrate:down
truncate messages, tickets, agents, queues restart identity;
