-- migrate:up
create table ticket_labels (
    ticket_id bigint not null references tickets (id),
    label text not null references labels (name) on update cascade deferrable initially deferred,
    primary key (ticket_id, label)
);
create index idx_ticket_labels_label on ticket_labels (label);
-- the label comes after what names it: checked at the end of the transaction
insert into ticket_labels values (3, 'new');
insert into labels values ('new');

-- migrate:down
drop table ticket_labels;
delete from labels;
