-- Deploy shop:totals to pg
-- requires: totals@v1

BEGIN;

create or replace view shop.totals as
select o.number, sum(l.copies * b.price) as total, count(*) as titles
from shop.orders o
join shop.order_lines l using (number)
join shop.books b using (isbn)
group by o.number;

COMMIT;
