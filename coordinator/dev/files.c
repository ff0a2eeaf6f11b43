#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "config/node.h"
#include "crypto/key.h"
#include "dev/dev_internal.h"

static struct node *map(struct dev *dev)
{
    return node_new(&dev->arena, NODE_MAP, 0, 0);
}

static void set(struct dev *dev, struct node *parent, const char *key, struct node *value)
{
    node_append(&dev->arena, parent, node_text(&dev->arena, key, 0, 0));
    node_append(&dev->arena, parent, value);
}

/* A value; "${" would be expanded by who reads the file. */
static struct node *text(struct dev *dev, const char *value)
{
    struct buf escaped = BUF_INIT(1 << 20);
    for (const char *at = value; *at; at++) {
        if (at[0] == '$' && at[1] == '{')
            buf_addc(&escaped, '$');
        buf_addc(&escaped, *at);
    }
    const char *kept = dev_text(dev, "%s", buf_text(&escaped));
    buf_release(&escaped);
    return node_text(&dev->arena, kept, 0, 0);
}

static void set_text(struct dev *dev, struct node *parent, const char *key, const char *value)
{
    set(dev, parent, key, text(dev, value));
}

/* Only we can read it: it holds connection strings. */
static bool write_file(const char *path, const char *content, size_t len, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(err, "%s", path);
    ssize_t written = write(fd, content, len);
    int reason = errno;
    if (close(fd) == 0 && written == (ssize_t)len)
        return true;
    errno = written < 0 ? reason : ENOSPC;
    return err_errno(err, "%s", path);
}

static bool write_yaml(struct dev *dev, const char *name, const struct node *root, struct err *err)
{
    auto_buf struct buf out = BUF_INIT(1 << 22);
    return node_emit(root, &out, err) &&
           write_file(dev_text(dev, "%s/%s", dev->folder, name), buf_text(&out), out.len, err);
}

static bool make_key(struct dev *dev, const char *name, struct err *err)
{
    struct key_secret key;
    key_generate(&key);
    bool ok = key_write(&key, dev_text(dev, "%s/%s", dev->folder, name), err);
    key_secret_release(&key);
    return ok;
}

static struct node *kafka(struct dev *dev)
{
    struct node *kafka = map(dev);
    set_text(dev, kafka, "bootstrap.servers", dev->bootstrap);
    if (dev->broker) { /* it wakes up no fetch that waits, and lets a restarted worker wait for the old one's session */
        set_text(dev, kafka, "fetch.wait.max.ms", "20");
        set_text(dev, kafka, "session.timeout.ms", "6000");
        set_text(dev, kafka, "heartbeat.interval.ms", "1000");
    }
    return kafka;
}

/* The public half is written out, so that the file can be read alone. */
static struct node *public_key(struct dev *dev, const char *name, struct err *err)
{
    struct key_public key;
    char as_text[KEY_PUBLIC_TEXT_SIZE];
    if (!key_parse_public(dev_text(dev, "%s/%s.pub", dev->folder, name), &key, err))
        return NULL;
    return text(dev, key_public_text(&key, as_text));
}

static bool worker_file(struct dev *dev, const struct service *service, size_t first_target, struct err *err)
{
    struct node *root = map(dev), *targets = map(dev), *trusted = node_new(&dev->arena, NODE_LIST, 0, 0);
    struct node *key = public_key(dev, "coordinator.key", err);
    if (!key)
        return false;
    set_text(dev, root, "fleet", dev->catalog->fleet.name);
    set_text(dev, root, "environment", dev->catalog->fleet.environment);
    set_text(dev, root, "name", service->name);
    set_text(dev, root, "key", dev_text(dev, "worker-%s.key", service->name));
    node_append(&dev->arena, trusted, key);
    set(dev, root, "coordinator_keys", trusted);
    for (size_t i = 0; i < service->target_count; i++) {
        struct node *target = map(dev);
        set_text(dev, target, "service", service->name);
        set_text(dev, target, "database", dev->databases[first_target + i]);
        if (dev->schemas[first_target + i])
            set_text(dev, target, "schema", dev->schemas[first_target + i]);
        set(dev, targets, service->targets[i], target);
    }
    set(dev, root, "targets", targets);
    set(dev, root, "kafka", kafka(dev));
    return write_yaml(dev, dev_text(dev, "worker-%s.yml", service->name), root, err);
}

static struct node *enrolled(struct dev *dev, const struct service *service, struct err *err)
{
    struct node *worker = map(dev), *targets = node_new(&dev->arena, NODE_LIST, 0, 0);
    struct node *key = public_key(dev, dev_text(dev, "worker-%s.key", service->name), err);
    if (!key)
        return NULL;
    for (size_t i = 0; i < service->target_count; i++)
        node_append(&dev->arena, targets, text(dev, dev_text(dev, "%s/%s", service->name, service->targets[i])));
    set_text(dev, worker, "name", service->name);
    set(dev, worker, "key", key);
    set(dev, worker, "targets", targets);
    return worker;
}

static bool coordinator_file(struct dev *dev, struct err *err)
{
    const struct fleet *fleet = &dev->catalog->fleet;
    struct node *root = map(dev), *workers = node_new(&dev->arena, NODE_LIST, 0, 0);
    for (size_t i = 0; i < fleet->service_count; i++) {
        if (fleet->services[i].target_count == 0)
            continue;
        struct node *worker = enrolled(dev, &fleet->services[i], err);
        if (!worker)
            return false;
        node_append(&dev->arena, workers, worker);
    }
    set_text(dev, root, "fleet", fleet->name);
    set_text(dev, root, "environment", fleet->environment);
    set_text(dev, root, "database", dev->control);
    set_text(dev, root, "listen", "127.0.0.1:0");
    set_text(dev, root, "tokens_file", "tokens");
    set_text(dev, root, "signing_key", "coordinator.key");
    set(dev, root, "workers", workers);
    set(dev, root, "kafka", kafka(dev));
    return write_yaml(dev, "coordinator.yml", root, err);
}

static bool tokens_file(struct dev *dev, struct err *err)
{
    auto_buf struct buf line = BUF_INIT(1024);
    token_make("dev", TOKEN_ADMIN, dev->token, &line);
    buf_addc(&line, '\n');
    return write_file(dev_text(dev, "%s/tokens", dev->folder), buf_text(&line), line.len, err);
}

bool dev_files(struct dev *dev, struct err *err)
{
    const struct fleet *fleet = &dev->catalog->fleet;
    if (!tokens_file(dev, err) || !make_key(dev, "coordinator.key", err))
        return false;
    size_t first_target = 0;
    for (size_t i = 0; i < fleet->service_count; i++) {
        const struct service *service = &fleet->services[i];
        if (service->target_count > 0 && (!make_key(dev, dev_text(dev, "worker-%s.key", service->name), err) ||
                                          !worker_file(dev, service, first_target, err)))
            return false;
        first_target += service->target_count;
    }
    return coordinator_file(dev, err);
}
