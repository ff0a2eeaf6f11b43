-- What a file sets for the session must not reach the next one.
create schema archive;
set search_path to archive;
create table appointments (like public.appointments including defaults including constraints);
set timezone = 'Pacific/Auckland';
reset search_path;
