/* The texts of a catalog: their digests, each text once, and what the parser sees in them. Whole files that have not
 * changed since the last time are not looked at again (cache.h). Threads: one at a time. */
#pragma once
#include "catalog/cache.h"
#include "catalog/findings.h"
#include "catalog/folder.h"
#include "catalog/script.h"

struct texts {
    struct arena *arena; /* the catalog's: texts and digests live there */
    struct findings *findings;
    struct cache *cache; /* NULL: none */
    struct catalog_blob *blobs; /* owned until texts_give */
    size_t count, room;
};

/* SQL of a migration, or around it. */
struct text {
    const char *text;
    size_t size;
    const char *where; /* its file, for findings */
    struct place place; /* where it stands there */
    bool refused;       /* it never runs: what no server can read is no error */
    bool outside;       /* it asks to run outside of a transaction */
    bool verifies;      /* it is rolled back: it may hold BEGIN and ROLLBACK of its own */
    const struct folder_file *file; /* when the text is that whole file; else NULL */
    const struct service *placeholders; /* whose placeholders stand for ${name} in it; NULL: ${name} is left alone */
};

/* Keeps it and returns its digest. *ret_no_transaction (may be NULL) is set to true when PostgreSQL refuses it inside
 * of a transaction, else it stays. */
const char *texts_add(struct texts *texts, const struct text *text, bool *ret_no_transaction);
/* Whether one of the service's placeholders, or of those that only a worker knows, stands in the text. */
bool texts_know(const char *text, const struct service *service);
/* For a tool that leaves alone what has no value: the text with each ${ that is none of the service's placeholders
 * written so that the worker leaves it alone, too; in the arena. The text itself when nothing has to be written anew;
 * else it needs texts_dollar among the placeholders. */
const char *texts_keep_unknown(const char *text, const struct service *service, struct arena *arena);
/* A placeholder for a $ that begins none; no fleet file can name one like it. */
extern const struct placeholder texts_dollar;
/* Hands all of them to the catalog, sorted, each once. */
void texts_give(struct texts *texts, struct catalog *catalog);
