comment on view busy_clinics is 'made by a repeatable migration';
