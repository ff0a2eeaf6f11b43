/* A plan in JSON, in parts: one step at a time, as a plan of a hundred thousand is too large for one tree. PURE; new
 * references. Threads: any. */
#pragma once
#include <jansson.h>

#include "plan/plan.h"

/* Everything but the steps. */
json_t *plan_json_head(const struct plan *plan, const struct plan_findings *findings);
json_t *plan_json_step(const struct plan *plan, size_t index);
/* What the migration's metadata says, as far as it says anything: "category", "author", "risk", "breaking",
 * "requiresDowntime", "estimatedDurationMs", and what stands in its details. */
void plan_json_told(const struct migration *migration, json_t *json);
