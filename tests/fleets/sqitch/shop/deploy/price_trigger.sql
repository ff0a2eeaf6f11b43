-- Deploy shop:price_trigger to pg
-- requires: price_history

BEGIN;

create function shop.note_price() returns trigger language plpgsql as $$
begin
    -- COMMIT; here is no end of a transaction
    insert into shop.prices values (new.isbn, date '2024-02-05', new.price);
    return new;
end;
$$;
create trigger books_price after insert or update of price on shop.books
    for each row execute function shop.note_price();

COMMIT;
