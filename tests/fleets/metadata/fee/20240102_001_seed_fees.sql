-- @metadata {"author": "pia", "description": "seed fees", "breakingChange": false, "estimatedDuration": 100, "dataVolume": "small", "risk": "low", "tags": [], "dependencies": ["member:1.10.0"]}

-- UP
insert into fees (member, year, cents) values (1, 2024, 12000), (2, 2024, 9900);
insert into discounts values ('young', 50), ('50% off; really', 12.5);

-- DOWN
truncate fees, discounts restart identity;
