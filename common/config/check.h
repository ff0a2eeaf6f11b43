/* The walk of a schema beside a tree: finds what is wrong, and makes the tree what libcyaml can load (defaults filled
 * in, chosen keys turned into lists, durations into milliseconds). Threads: one at a time. */
#pragma once
#include "base/arena.h"
#include "config/config.h"
#include "config/node.h"

void config_check(const struct config_format *format, struct node *root, struct arena *arena,
                  struct problems *problems);
