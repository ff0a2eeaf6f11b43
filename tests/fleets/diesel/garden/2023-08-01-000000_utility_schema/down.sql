drop schema utils cascade;
