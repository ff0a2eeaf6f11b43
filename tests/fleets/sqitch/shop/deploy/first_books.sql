-- Deploy shop:first_books to pg
-- requires: price_trigger books identity:first_users

BEGIN;

insert into shop.authors (name) values ('Tove Jansson'), ('Stanisław Lem');
insert into shop.books values
    ('9780141194004', 'Fair Play; a novel', 1, 9.99, 'ada'),
    ('9780156027601', 'Solaris -- no comment', 2, 12, null);
update shop.books set price = price + 1 where author_id = 2;

COMMIT;
