create table payments (
    id bigserial primary key,
    invoice bigint not null,
    issued date not null,
    amount numeric(12, 2) not null,
    reference text not null default E'pay\tme',
    foreign key (invoice, issued) references invoices (number, issued)
);
create index idx_payments_invoice on payments (invoice, issued);
