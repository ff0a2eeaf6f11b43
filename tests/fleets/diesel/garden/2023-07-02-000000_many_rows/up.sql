insert into watering select 1 + n % 2, timestamptz '2023-07-02 06:00Z' + n * interval '1 day', n / 4.0 from generate_series(0, 30) n;
analyze watering;
