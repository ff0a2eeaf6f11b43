drop sequence reminder_numbers;
