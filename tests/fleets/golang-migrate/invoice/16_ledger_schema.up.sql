create schema ledger
    create table entries (
        id bigint primary key,
        debit numeric(14, 2) not null default 0,
        credit numeric(14, 2) not null default 0,
        check ((debit = 0) <> (credit = 0))
    )
    create index idx_entries_debit on entries (debit)
    create view totals as select sum(debit) as debit, sum(credit) as credit from entries;
