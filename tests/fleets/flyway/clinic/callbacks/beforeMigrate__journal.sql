create table if not exists deploy_journal (n integer generated always as identity, what text not null);
insert into deploy_journal (what) values ('begins in ${region}');
