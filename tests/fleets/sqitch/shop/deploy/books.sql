-- Deploy shop:books to pg
-- requires: authors identity:users@v1.0

BEGIN;

create domain shop.isbn as char(13) check (value ~ '^97[89][0-9]{10}$');
create table shop.books (
    isbn shop.isbn primary key,
    title text not null default 'untitled; yet',
    author_id integer references shop.authors (id),
    price numeric(8, 2) not null check (price >= 0),
    seller text references identity.users (nick)
);
create index idx_books_author_id on shop.books (author_id);
create index idx_books_seller on shop.books (seller);

COMMIT;
