/* Loaded before a program (LD_PRELOAD): notes every write, truncation, sync and unlink of files below WRITE_LOG_DIR in
 * the file WRITE_LOG, in their order, so that any state in which a power cut could have left them can be made later.
 * With WRITE_LOG_SYNC_US set, each sync takes so long: a slow disk.
 *
 * A record: one letter (w write, t truncate, s sync, u unlink), then as 64-bit numbers of this machine the length of the
 * path, the offset (or new size) and the length of the data; then the path and the data. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;
static const char *folder;
static useconds_t sync_us;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("WRITE_LOG"), *slow = getenv("WRITE_LOG_SYNC_US");
    folder = getenv("WRITE_LOG_DIR");
    if (path && folder)
        log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    sync_us = slow ? (useconds_t)atol(slow) : 0;
}

static int is_ours(const char *path) { return folder && !strncmp(path, folder, strlen(folder)); }

static int path_of(int fd, char *path, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, size - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return is_ours(path);
}

static void note(char kind, const char *path, uint64_t offset, const void *data, uint64_t length) {
    if (log_fd < 0)
        return;
    uint64_t head[3] = {strlen(path), offset, length};
    struct iovec parts[4] = {{&kind, 1}, {head, sizeof head}, {(void *)path, head[0]}, {(void *)data, length}};
    pthread_mutex_lock(&lock);
    if (writev(log_fd, parts, 4) < 0)
        abort();
    pthread_mutex_unlock(&lock);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void note_write(int fd, const void *data, size_t length, off_t offset) {
    char path[4096];
    if (path_of(fd, path, sizeof path))
        note('w', path, (uint64_t)offset, data, length);
}

ssize_t write(int fd, const void *data, size_t length) {
    if (fd != log_fd)
        note_write(fd, data, length, lseek(fd, 0, SEEK_CUR));
    return REAL(write)(fd, data, length);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) {
    note_write(fd, data, length, offset);
    return REAL(pwrite)(fd, data, length, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) {
    note_write(fd, data, length, offset);
    return REAL(pwrite64)(fd, data, length, offset);
}

static void note_truncate(int fd, off_t size) {
    char path[4096];
    if (path_of(fd, path, sizeof path))
        note('t', path, (uint64_t)size, "", 0);
}

int ftruncate(int fd, off_t size) {
    note_truncate(fd, size);
    return REAL(ftruncate)(fd, size);
}

int ftruncate64(int fd, off64_t size) {
    note_truncate(fd, size);
    return REAL(ftruncate64)(fd, size);
}

static int note_sync(int fd, int outcome) {
    char path[4096];
    if (!outcome && path_of(fd, path, sizeof path)) {
        usleep(sync_us);
        note('s', path, 0, "", 0);
    }
    return outcome;
}

int fsync(int fd) { return note_sync(fd, REAL(fsync)(fd)); }

int fdatasync(int fd) { return note_sync(fd, REAL(fdatasync)(fd)); }

int unlink(const char *path) {
    if (is_ours(path))
        note('u', path, 0, "", 0);
    return REAL(unlink)(path);
}
