create view yields as
select p.common, sum(h.kilograms) as kilograms
from harvests h
join plants p on p.latin = h.plant
group by p.common;
