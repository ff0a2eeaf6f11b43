/* Crash points: places where a test build can be made to die, freeze, or nothing at all.
 *
 * CRASH_POINT("relay.sent") does nothing unless built with -DCRASHPOINTS=ON. There, GREYLAG_CRASH="relay.sent" (or
 * "relay.sent:3" for the third time it is reached) kills the process with SIGKILL at that point;
 * GREYLAG_FREEZE="..." stops it with SIGSTOP instead.
 * GREYLAG_CRASH_ORDERS=FILE does the same for whoever comes by while the program runs: the file's first line ("kill
 * relay.sent", "freeze executor.after:2") is carried out by the first process that reaches the point, and taken out of
 * the file, so that the next line is in force, for this process or its successor. No file: no order.
 * All names are declared in crash_points.def, with the program they are in; a test walks them all. */
#pragma once

#ifdef GREYLAG_CRASHPOINTS
void crash_point(const char *name);
#define CRASH_POINT(name) crash_point(name)
#else
#define CRASH_POINT(name) ((void)0)
#endif
