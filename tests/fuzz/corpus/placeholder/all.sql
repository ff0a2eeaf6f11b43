SELECT ${a}, '${table}' -- ${empty}
;$$ ${x}
 $$ $${y} ${lines} ${open