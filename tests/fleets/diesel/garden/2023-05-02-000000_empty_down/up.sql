alter table plants alter column common set default 'unnamed';
