alter table reminders alter column body type text;
alter table reminders rename column body to text;
