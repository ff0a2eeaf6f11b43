insert into deploy_journal (what) values ('after, and second');
