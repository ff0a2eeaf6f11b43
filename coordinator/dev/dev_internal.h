/* The dev room's own. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "bus/bus.h"
#include "catalog/catalog.h"
#include "dev/dev.h"
#include "http/token.h"
#include "proc/child.h"

/* One program that dev keeps running. */
struct dev_process {
    const char *name;         /* "coordinator", "worker deals" */
    const char *const *argv;
    const char *log, *ready_file;
    struct child child;       /* belongs to the thread that looks after it */
    int64_t started_ms;
    int early_ends;           /* in a row: it ended within seconds of its start */
};

struct dev {
    struct arena arena;       /* every text below lives here */
    struct catalog *catalog;
    const char *folder;       /* configuration, keys, logs, sockets, the private cluster */
    bool keep;                /* the folder stays */
    const char *programs;     /* folder of this program's own binary */
    struct bus_broker *broker; /* NULL with --kafka */
    const char *bootstrap;
    struct child server;      /* the private PostgreSQL */
    const char *conninfo;     /* of a role that may create databases; database postgres or what was given */
    const char *const *databases; /* conninfo of each target, in the order of services and their targets */
    const char *const *schemas;   /* NULL where none was asked for */
    const char *control;      /* conninfo of the control database */
    char token[TOKEN_TEXT_SIZE];
    const char *url;
    struct dev_process *processes; /* coordinator first */
    size_t process_count;
    struct dev_watch *watch;  /* the thread that looks after them */
};

const char *dev_text(struct dev *dev, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* postgres.c: the private cluster, and the databases in it or in a given one. The cluster's user is `postgres` when
 * we are root, since the server refuses to run as root; else ourselves. It listens only on a socket in a folder that
 * only that user and root can enter, so it needs no password. */
bool dev_postgres_start(struct dev *dev, struct err *err);
void dev_postgres_stop(struct dev *dev);
/* Sets databases, schemas and control; creates what is missing. */
bool dev_databases(struct dev *dev, struct err *err);

/* files.c: keys, tokens.txt, coordinator.yml, worker-SERVICE.yml in dev->folder. */
bool dev_files(struct dev *dev, struct err *err);

/* processes.c: a thread of its own starts the programs, starts again what ends, and stops them; the kernel kills them
 * when that thread is gone. */
bool dev_processes_start(struct dev *dev, struct err *err);
/* Waits until every program has written its ready file; sets dev->url. ERR_TIMEOUT; ERR_SYSTEM with the end of a log
 * when a program does not stay up; ERR_CONFLICT when a signal asked to stop. */
bool dev_processes_wait(struct dev *dev, int64_t timeout_ms, struct err *err);
/* False when a program does not stay up (then a stop was raised as well: signals_stop). */
bool dev_processes_ok(struct dev *dev, struct err *err);
void dev_processes_stop(struct dev *dev);
