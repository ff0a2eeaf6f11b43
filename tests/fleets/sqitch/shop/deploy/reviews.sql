-- Deploy shop:reviews to pg
-- requires: books identity:users

BEGIN;

create table shop.reviews (
    isbn shop.isbn not null references shop.books (isbn),
    nick text not null references identity.users (nick),
    stars smallint not null,
    words text,
    primary key (isbn, nick)
);
create index idx_reviews_nick on shop.reviews (nick);

COMMIT;
