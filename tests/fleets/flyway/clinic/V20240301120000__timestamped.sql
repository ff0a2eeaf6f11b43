-- A number of fourteen digits is a version as good as any; it is the largest but one.
create table reminders (
    id uuid primary key default gen_random_uuid(),
    patient_id bigint not null references patients (id),
    due date not null,
    text text not null default 'Dear patient; please call.'
);
create index idx_reminders_patient_id on reminders (patient_id);
create index idx_reminders_due_open on reminders (due) where text <> '';
