-- Deploy shop:totals to pg
-- requires: order_lines

BEGIN;

create view shop.totals as
select o.number, sum(l.copies * b.price) as total
from shop.orders o
join shop.order_lines l using (number)
join shop.books b using (isbn)
group by o.number;

COMMIT;
