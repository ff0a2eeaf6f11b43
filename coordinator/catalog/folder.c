#include "catalog/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"

#define DEPTH_MAX 32

/* Files that a layout keeps beside its migrations: how their names end (a whole name: with its '/'). */
static const char *const side_names[] = {"/metadata.toml", "/sqitch.plan", "/sqitch.conf"};
/* The same, but only their names matter: they are not read, and mean nothing to most layouts. */
static const char *const loose_names[] = {".go", ".py"};

struct files {
    struct folder_file *items;
    size_t count, room;
};

struct walk {
    const char *root; /* the migrations folder's real path, owned */
    const char *where;
    const char *const *suffixes;
    struct arena *arena;
    struct findings *findings;
    struct files migrations, sides;
    struct folder_file *dependencies;
};

static bool ends_in(const char *name, const char *suffix)
{
    size_t len = strlen(name), tail = strlen(suffix);
    if (*suffix == '/')
        return strcmp(name, suffix + 1) == 0;
    return len > tail && strcasecmp(name + len - tail, suffix) == 0;
}

static bool is_migration(const struct walk *walk, const char *name)
{
    for (const char *const *suffix = walk->suffixes; *suffix; suffix++) {
        if (ends_in(name, *suffix))
            return true;
    }
    return false;
}

/* The whole name of a migration, and ".conf" behind it: Flyway's. */
static bool is_settings(const struct walk *walk, const char *name)
{
    if (!text_ends(name, ".conf"))
        return false;
    auto_free char *migration = xasprintf("%.*s", (int)(strlen(name) - strlen(".conf")), name);
    return is_migration(walk, migration);
}

static bool is_loose(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(loose_names); i++) {
        if (ends_in(name, loose_names[i]))
            return true;
    }
    return false;
}

static bool is_side(const struct walk *walk, const char *name)
{
    if (is_settings(walk, name) || is_loose(name))
        return true;
    for (size_t i = 0; i < COUNT_OF(side_names); i++) {
        if (ends_in(name, side_names[i]))
            return true;
    }
    return false;
}

static bool is_dependency_file(const char *name)
{
    return strcmp(name, "migration-dependencies.yml") == 0 || strcmp(name, "migration-dependencies.yaml") == 0;
}

static const char *join(struct arena *arena, const char *folder, const char *name)
{
    return *folder ? arena_printf(arena, "%s/%s", folder, name) : arena_strdup(arena, name);
}

static void unreadable(struct walk *walk, const char *path, const char *hint, const char *why)
{
    finding_add(walk->findings, ERROR, FINDING_UNREADABLE, join(walk->arena, walk->where, path), 0, hint, "%s", why);
}

/* Reads at most MIGRATION_MAX bytes from fd into the arena; NULL when there are more or reading fails. */
static char *read_all(struct walk *walk, int fd, const char *path, size_t expected, size_t *ret_size)
{
    if (expected > MIGRATION_MAX) {
        finding_add(walk->findings, ERROR, FINDING_TOO_LARGE, join(walk->arena, walk->where, path), 0,
                    "split it, or load the data another way", "the file has %zu bytes; at most %zu are allowed",
                    expected, MIGRATION_MAX);
        return NULL;
    }
    char *text = arena_alloc(walk->arena, expected + 1);
    size_t size = 0;
    while (size < expected) {
        ssize_t got = read(fd, text + size, expected - size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            unreadable(walk, path, "look why it cannot be read, and try again", strerror(errno));
            return NULL;
        }
        if (got == 0)
            break;
        size += (size_t)got;
    }
    text[size] = 0;
    *ret_size = size;
    return text;
}

/* A mark at the head, or every other byte of it NUL. */
static bool is_utf16(const char *text, size_t size)
{
    if (size >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
        return true;
    return size >= 4 && ((text[0] && !text[1] && text[2] && !text[3]) || (!text[0] && text[1] && !text[2] && text[3]));
}

static bool check_text(struct walk *walk, const char *path, const char *text, size_t size)
{
    size_t at;
    int line, column;
    if (is_utf16(text, size)) {
        finding_add(walk->findings, ERROR, FINDING_NOT_TEXT, join(walk->arena, walk->where, path), 0,
                    "save the file as UTF-8", "the file looks like UTF-16");
        return false;
    }
    if (!text_is_utf8(text, size, &at)) {
        text_position(text, at, &line, &column);
        finding_add(walk->findings, ERROR, FINDING_NOT_TEXT, join(walk->arena, walk->where, path), line,
                    "save the file as UTF-8", "byte %zu (0x%02x) is not UTF-8", at + 1, (unsigned char)text[at]);
        return false;
    }
    const char *nul = memchr(text, 0, size);
    if (nul) {
        text_position(text, (size_t)(nul - text), &line, &column);
        finding_add(walk->findings, ERROR, FINDING_NOT_TEXT, join(walk->arena, walk->where, path), line,
                    "save the file as plain text", "byte %zu is NUL, which PostgreSQL refuses",
                    (size_t)(nul - text) + 1);
        return false;
    }
    return true;
}

static struct folder_file *new_file(struct walk *walk, const char *name)
{
    if (is_dependency_file(name))
        return walk->dependencies = arena_new(walk->arena, struct folder_file);
    struct files *files = is_side(walk, name) ? &walk->sides : &walk->migrations;
    return arena_add(walk->arena, files->items, files->count, files->room);
}

static int64_t nanoseconds(const struct timespec *time)
{
    return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

static struct cache_key key_of(const struct stat *st)
{
    return (struct cache_key){.device = (uint64_t)st->st_dev,
                              .inode = (uint64_t)st->st_ino,
                              .size = (uint64_t)st->st_size,
                              .modified = nanoseconds(&st->st_mtim),
                              .changed = nanoseconds(&st->st_ctim)};
}

/* Half of an old text and half of a new one would be a migration that nobody wrote. */
static bool is_unchanged(struct walk *walk, int fd, const char *path, const struct stat *st, size_t size)
{
    const struct cache_key before = key_of(st);
    struct stat now;
    if (fstat(fd, &now) == 0 && size == before.size) {
        const struct cache_key after = key_of(&now);
        if (after.size == before.size && after.modified == before.modified && after.changed == before.changed)
            return true;
    }
    unreadable(walk, path, "try again when nobody writes to it", "the file changed while it was read");
    return false;
}

static void add_file(struct walk *walk, int fd, const char *path, const struct stat *st)
{
    size_t size;
    char *text = read_all(walk, fd, path, (size_t)st->st_size, &size);
    if (!text || !is_unchanged(walk, fd, path, st, size) || !check_text(walk, path, text, size))
        return;
    if (text_starts(text, "\xef\xbb\xbf")) {
        text += 3;
        size -= 3;
    }
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    if (is_dependency_file(base) && walk->dependencies) {
        finding_add(walk->findings, ERROR, FINDING_DEPENDENCY_FILE, join(walk->arena, walk->where, path), 0,
                    "keep one of them", "a second dependency file; the first is %s", walk->dependencies->where);
        return;
    }
    *new_file(walk, base) = (struct folder_file){
        .path = path, .base = base, .where = join(walk->arena, walk->where, path), .key = key_of(st), .text = text,
        .size = size};
}

static void add_loose(struct walk *walk, const char *name, const char *path)
{
    *new_file(walk, name) = (struct folder_file){.path = path,
                                                 .base = path + strlen(path) - strlen(name),
                                                 .where = join(walk->arena, walk->where, path),
                                                 .text = "",
                                                 .loose = true};
}

/* Whether a symbolic link leads to something inside the folder. */
static bool stays_inside(struct walk *walk, const char *path)
{
    auto_free char *full = xasprintf("%s/%s", walk->root, path);
    auto_free char *real = realpath(full, NULL);
    if (!real) {
        unreadable(walk, path, "remove the link or repair it", "the symbolic link leads nowhere");
        return false;
    }
    size_t len = strlen(walk->root);
    if (strncmp(real, walk->root, len) == 0 && real[len] == '/')
        return true;
    unreadable(walk, path, "copy the file into the folder", "the symbolic link leads out of the migrations folder");
    return false;
}

static void take_file(struct walk *walk, int folder, const char *name, const char *path, const struct stat *st)
{
    if (S_ISLNK(st->st_mode) && !stays_inside(walk, path))
        return;
    /* O_NONBLOCK: opening a FIFO must not hang */
    auto_fd int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat now;
    if (fd < 0 || fstat(fd, &now) != 0)
        unreadable(walk, path, "make it readable", strerror(errno));
    else if (!S_ISREG(now.st_mode))
        unreadable(walk, path, "only regular files are read", "not a regular file");
    else
        add_file(walk, fd, path, &now);
}

static void walk_folder(struct walk *walk, int fd, const char *path, int depth);

static void enter(struct walk *walk, int parent, const char *name, const char *path, int depth)
{
    if (depth == DEPTH_MAX) {
        unreadable(walk, path, "move it up, or out of the migrations folder",
                   "folders are nested more than 32 levels deep");
        return;
    }
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        unreadable(walk, path, "make the folder readable", strerror(errno));
    else
        walk_folder(walk, fd, path, depth + 1);
}

/* Names become ids, travel as JSON and stand on terminals: control characters (of text direction too) and bytes that
 * are no UTF-8 are refused. */
static bool good_name(struct walk *walk, const char *name, const char *folder)
{
    auto_buf struct buf shown = BUF_INIT(BUF_MAX);
    text_add_printable(&shown, name, true);
    if (strcmp(buf_text(&shown), name) == 0)
        return true;
    unreadable(walk, join(walk->arena, folder, buf_text(&shown)), "rename it",
               "the file's name holds control characters or bytes that are not UTF-8");
    return false;
}

static void take_entry(struct walk *walk, int fd, const char *name, const char *folder, int depth)
{
    if (!good_name(walk, name, folder))
        return;
    const char *path = join(walk->arena, folder, name);
    struct stat st;
    if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        unreadable(walk, path, "look why it cannot be read, and try again", strerror(errno));
    } else if (S_ISDIR(st.st_mode)) {
        enter(walk, fd, name, path, depth);
    } else if (is_loose(name)) {
        add_loose(walk, name, path);
    } else if (is_migration(walk, name) || is_side(walk, name) || is_dependency_file(name)) {
        take_file(walk, fd, name, path, &st);
    } else if (S_ISLNK(st.st_mode)) {
        finding_add(walk->findings, WARNING, FINDING_SKIPPED_FILE, join(walk->arena, walk->where, path), 0, "",
                    "the symbolic link is not followed");
    }
}

/* Takes over fd. The order of reading does not matter: files are sorted afterwards. */
static void walk_folder(struct walk *walk, int fd, const char *path, int depth)
{
    DIR *dir = fdopendir(fd);
    if (!dir) {
        unreadable(walk, path, "look why it cannot be read, and try again", strerror(errno));
        close(fd);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] != '.')
            take_entry(walk, fd, entry->d_name, path, depth);
    }
    closedir(dir);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct folder_file *)a)->path, ((const struct folder_file *)b)->path);
}

static void sort(struct files *files)
{
    if (files->count)
        qsort(files->items, files->count, sizeof *files->items, by_path);
}

const struct folder_file *folder_side(const struct folder *folder, const char *path)
{
    const struct folder_file key = {.path = path};
    return folder->side_count ? bsearch(&key, folder->sides, folder->side_count, sizeof key, by_path) : NULL;
}

void folder_read(const char *root, const char *migrations, const char *const *suffixes, struct arena *arena,
                 struct findings *findings, struct folder *ret_folder)
{
    static const char *const usual[] = {".sql", NULL};
    size_t len = strlen(migrations), errors = findings->errors;
    while (len > 1 && migrations[len - 1] == '/')
        len--;
    const char *where = arena_strndup(arena, migrations, len);
    struct walk walk = {
        .where = where, .suffixes = suffixes ? suffixes : usual, .arena = arena, .findings = findings};
    auto_free char *full = *where == '/' ? xstrdup(where) : xasprintf("%s/%s", root, where);
    auto_free char *real = realpath(full, NULL);
    int fd = real ? open(real, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd < 0) {
        finding_add(findings, ERROR, FINDING_UNREADABLE, where, 0,
                    "correct `migrations:` in the fleet file, or make the folder",
                    "the migrations folder cannot be read: %s", strerror(errno));
    } else {
        walk.root = real;
        walk_folder(&walk, fd, "", 0);
    }
    sort(&walk.migrations);
    sort(&walk.sides);
    *ret_folder = (struct folder){.where = where,
                                  .files = walk.migrations.items,
                                  .count = walk.migrations.count,
                                  .sides = walk.sides.items,
                                  .side_count = walk.sides.count,
                                  .dependencies = walk.dependencies,
                                  .incomplete = findings->errors > errors};
}
