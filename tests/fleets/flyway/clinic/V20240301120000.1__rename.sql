alter table reminders rename column text to body;
alter table reminders alter column body type varchar(500) using left(body, 500);
