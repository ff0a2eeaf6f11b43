/* Drives a fuzz target without libFuzzer: every file of the corpus folder, then mutations of them.
 *
 *     NAME CORPUS_FOLDER [MUTATIONS [SEED]]
 *
 * The seed is printed; the same seed makes the same inputs. What is being tried is kept in a file until it has been
 * survived (fuzz-NAME-crash in the working folder), so that a crash leaves its input behind. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "fuzz/fuzz.h"

#define INPUT_MAX (1 << 20)
#define SEEDS_MAX 1000

struct seed {
    char *bytes;
    size_t len;
};
static struct seed seeds[SEEDS_MAX];
static size_t seed_count;
static uint64_t chance_state;
static char *kept; /* shared memory: its contents outlive a crash */

/* splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators). */
static uint64_t chance(uint64_t below)
{
    uint64_t z = chance_state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return (z ^ z >> 31) % below;
}

static void load(const char *folder)
{
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir)) && seed_count < SEEDS_MAX;) {
        if (entry->d_name[0] == '.')
            continue;
        auto_free char *path = xasprintf("%s/%s", folder, entry->d_name);
        auto_buf struct buf text = BUF_INIT(INPUT_MAX);
        struct err err = ERR_INIT;
        if (!buf_read_file(&text, path, &err)) {
            fprintf(stderr, "%s\n", err.text);
            exit(1);
        }
        seeds[seed_count].len = text.len;
        seeds[seed_count++].bytes = buf_take(&text);
    }
    if (dir)
        closedir(dir);
}

/* A copy of its own size, so that reading beyond it is noticed; kept for the case of a crash. */
static void try_one(const char *bytes, size_t len)
{
    memcpy(kept, &len, sizeof len);
    memcpy(kept + sizeof len, bytes, len);
    auto_free uint8_t *copy = xmalloc(len);
    memcpy(copy, bytes, len);
    fuzz_one(copy, len);
}

static size_t cut(char *bytes, size_t len)
{
    size_t from = chance(len), count = 1 + chance(len - from);
    memmove(bytes + from, bytes + from + count, len - from - count);
    return len - count;
}

/* A piece of another seed, put in. */
static size_t put_in(char *bytes, size_t len)
{
    const struct seed *other = &seeds[chance(seed_count)];
    if (other->len == 0)
        return len;
    size_t from = chance(other->len), count = 1 + chance(other->len - from), where = chance(len + 1);
    if (len + count > INPUT_MAX)
        return len;
    memmove(bytes + where + count, bytes + where, len - where);
    memcpy(bytes + where, other->bytes + from, count);
    return len + count;
}

/* Something that parsers trip over, written over what is there. */
static size_t overwrite(char *bytes, size_t len)
{
    static const char *const tokens[] = {"null", "-1", "0", "1e999", "99999999999999999999", "\"\"", "{}", "[]", "[[[[",
                                         "\\u0000", "\\ud800", "\xff", "\xc0\x80", "true", "\"", "\\", ",", ":", "\n",
                                         "'", "--", "/*", "$$", ";", "9223372036854775807", "&a", "*a", "- ", "  "};
    const char *token = tokens[chance(COUNT_OF(tokens))];
    size_t count = strlen(token);
    if (count > len)
        return len;
    memcpy(bytes + chance(len - count + 1), token, count);
    return len;
}

static size_t mutate(char *bytes, size_t len)
{
    for (uint64_t times = 1 + chance(4); times && len; times--) {
        switch (chance(5)) {
        case 0:
            bytes[chance(len)] ^= (char)(1 << chance(8));
            break;
        case 1:
            bytes[chance(len)] = (char)chance(256);
            break;
        case 2:
            len = cut(bytes, len);
            break;
        case 3:
            len = put_in(bytes, len);
            break;
        default:
            len = overwrite(bytes, len);
        }
    }
    return len;
}

static long number(int argc, char **argv, int at, long otherwise)
{
    return argc > at ? strtol(argv[at], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
    long mutations = number(argc, argv, 2, 20000), seed = number(argc, argv, 3, (long)(clock_wall_us() % 1000000000));
    auto_free char *crash = xasprintf("%s-crash", name);
    auto_fd int fd = open(crash, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, INPUT_MAX + sizeof(size_t)) != 0)
        return 1;
    kept = mmap(NULL, INPUT_MAX + sizeof(size_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (kept == MAP_FAILED)
        return 1;
    load(argv[1]);
    printf("%s: %zu seeds of %s, %ld mutations, seed %ld\n", name, seed_count, argv[1], mutations, seed);
    fflush(stdout);
    if (seed_count == 0)
        return 1;
    chance_state = (uint64_t)seed;
    for (size_t i = 0; i < seed_count; i++)
        try_one(seeds[i].bytes, seeds[i].len);
    auto_free char *bytes = xmalloc(INPUT_MAX + 1);
    int64_t end = clock_mono_ms() + 20000;
    long done = 0;
    for (; done < mutations && clock_mono_ms() < end; done++) {
        const struct seed *from = &seeds[chance(seed_count)];
        memcpy(bytes, from->bytes, from->len);
        try_one(bytes, mutate(bytes, from->len));
    }
    for (size_t i = 0; i < seed_count; i++)
        free(seeds[i].bytes);
    unlink(crash);
    printf("%s: %ld mutations survived\n", name, done);
    return 0;
}
