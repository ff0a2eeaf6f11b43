/* A migration's category (schema, data, security, ...): from its metadata, else from the folders that it lies in; and
 * what the fleet file says of that category. Threads: one at a time. */
#pragma once
#include "catalog/layout.h"

/* Sets category, and from the category's policy on_failure (unless the migration has its own) and timeouts. `defaults`
 * may be NULL. */
void category_set(const struct defaults_file *defaults, const struct layout_run *run, const struct entry *entry,
                  struct migration *migration);
