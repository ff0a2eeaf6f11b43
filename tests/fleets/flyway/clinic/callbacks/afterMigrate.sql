insert into deploy_journal (what) values ('ends');
