-- Deploy shop:place_order to pg
-- requires: totals order_lines

BEGIN;

create procedure shop.place_order(buyer text, variadic wanted text[])
language plpgsql as $p$
declare
    made bigint;
begin
    insert into shop.orders (buyer, placed) values (buyer, '2024-02-14 12:00Z') returning orders.number into made;
    insert into shop.order_lines (number, isbn) select made, unnest(wanted)::shop.isbn;
end
$p$;
call shop.place_order('bob', '9780141194004', '9780156027601');

COMMIT;
