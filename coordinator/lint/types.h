/* What a change of a column's type does to old rows, as PostgreSQL does it. PURE. */
#pragma once
#include "lint/facts.h"

/* Why values are lost, for people; NULL: they are not, or nobody knows. */
const char *types_lose(const struct fact_type *from, const struct fact_type *to, bool using);
/* "varchar(50)", for messages. */
const char *types_text(struct arena *arena, const struct fact_type *type);
/* Whether the table is written anew. */
bool types_rewrite(const struct fact_type *from, const struct fact_type *to);
