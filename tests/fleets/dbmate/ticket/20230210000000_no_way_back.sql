-- migrate:up
update tickets set subject = initcap(subject);

-- migrate:down
