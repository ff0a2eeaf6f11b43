/* several statements; one of them over
   many lines /* and nested; */ ; */
comment on column invoices.total is
    'net;

gross is another matter';; comment on function overdue(date) is 'fourteen days';
