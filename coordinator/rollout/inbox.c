#include "rollout/inbox.h"

#include <string.h>

int64_t inbox_resume(const struct inbox_position *kept, const char *id_there)
{
    if (kept->offset < 0 || !id_there || strcmp(kept->id, id_there) != 0)
        return 0; /* from the beginning: event ids deduplicate what was seen before */
    return kept->offset + 1;
}
