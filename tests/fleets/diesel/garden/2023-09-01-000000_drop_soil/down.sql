alter table beds add column soil text not null default 'clay; heavy';
