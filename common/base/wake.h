/* A descriptor by which one thread wakes another that polls it (eventfd). However often it is written before it is
 * cleared, it wakes once. Threads: wake_signal from any; -1 stands for none, which nobody can wake. */
#pragma once
#include <stdbool.h>

#include "base/err.h"

bool wake_open(int *ret_fd, struct err *err); /* close() it */
void wake_signal(int fd);
void wake_clear(int fd); /* before looking at what it told of */
