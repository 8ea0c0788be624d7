/*
 * Journals what a process does to the files below one directory, so that a test can tell what the
 * medium would hold had the power gone at any moment. Preloaded; for 64-bit Linux.
 *
 * BEADLE_SHIM_ROOT         the directory, canonical
 * BEADLE_SHIM_JOURNAL      the file, outside of it, that the journal is appended to
 * BEADLE_SHIM_IGNORE_SYNC  "1" or "fdatasync": fdatasync leaves no trace; "fsync": fsync leaves none
 * BEADLE_SHIM_FAIL_SYNC    a number: from so many fdatasyncs on they fail with EIO
 *
 * Every operation and its record are made under one lock, so the journal's order is the true one
 * and nothing is missing from it.
 * A sync is only recorded, not made: nothing here ever loses power. sync_file_range and msync are
 * not looked at on purpose, for they promise nothing. What the journal could not describe is
 * recorded as unknown, and the test refuses to go on.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind {
    CREATE = 1, /* first: path, file: inode */
    MAKE_DIRECTORY, /* first: path */
    REMOVE, /* first: path */
    RENAME, /* first: path, second: new path */
    RESIZE, /* file: inode, number: length */
    WRITE, /* file: inode, number: offset, first: bytes */
    SYNC, /* file: inode */
    SYNC_DIRECTORY, /* first: path */
    UNKNOWN, /* first: what was done */
};

struct record {
    uint32_t kind, first, second, reserved;
    uint64_t file, number;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *root;
static size_t root_length;
static int journal = -1;
static bool ignore_fdatasync, ignore_fsync;
static long fdatasyncs_left = LONG_MAX;

__attribute__((constructor)) static void start(void) {
    const char *path = getenv("BEADLE_SHIM_JOURNAL");
    const char *ignore = getenv("BEADLE_SHIM_IGNORE_SYNC");
    const char *fail = getenv("BEADLE_SHIM_FAIL_SYNC");
    root = getenv("BEADLE_SHIM_ROOT");
    if (root == NULL || path == NULL) {
        root = NULL;
        return;
    }
    root_length = strlen(root);
    ignore_fsync = ignore != NULL && strcmp(ignore, "fsync") == 0;
    ignore_fdatasync = ignore != NULL && !ignore_fsync;
    if (fail != NULL)
        fdatasyncs_left = atol(fail);
    journal = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (journal < 0)
        abort();
}

/* Whoever holds the lock on the journal finds everything recorded that was done: the test takes it
 * before it kills. */
static void enter(void) {
    int saved = errno;
    pthread_mutex_lock(&lock);
    if (journal >= 0)
        flock(journal, LOCK_EX);
    errno = saved;
}

static void leave(void) {
    int saved = errno;
    if (journal >= 0)
        flock(journal, LOCK_UN);
    pthread_mutex_unlock(&lock);
    errno = saved;
}

static void note(enum kind kind, uint64_t file, uint64_t number, const void *first, size_t length,
                 const char *second) {
    struct record record = {kind, (uint32_t)length, second ? (uint32_t)strlen(second) : 0, 0, file, number};
    struct iovec parts[3] = {
        {&record, sizeof record}, {(void *)first, record.first}, {(void *)second, record.second}};
    ssize_t all = (ssize_t)(sizeof record + record.first + record.second);
    if (syscall(SYS_writev, journal, parts, 3) != all)
        abort();
}

static void note_path(enum kind kind, uint64_t file, const char *path, const char *second) {
    note(kind, file, 0, path, strlen(path), second);
}

static bool inside(const char *path) {
    return root != NULL && strncmp(path, root, root_length) == 0 &&
           (path[root_length] == '/' || path[root_length] == 0);
}

/* Where an open file is, and its inode; false when that is not our business. */
static bool watched(int fd, mode_t type, char *path, uint64_t *file) {
    char link[64];
    struct stat facts;
    int saved = errno;
    ssize_t length = -1;
    if (root != NULL && fstat(fd, &facts) == 0 && (facts.st_mode & S_IFMT) == type) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        length = readlink(link, path, PATH_MAX - 1);
        *file = facts.st_ino;
    }
    errno = saved;
    if (length < 0)
        return false;
    path[length] = 0;
    return inside(path);
}

/* The canonical form of a name whose folder exists; false when it is outside of the root. */
static bool name_of(int folder, const char *path, char *name) {
    char joined[2 * PATH_MAX], link[64], base[PATH_MAX];
    int saved = errno;
    if (root == NULL)
        return false;
    if (path[0] == '/' || folder == AT_FDCWD) {
        snprintf(joined, sizeof joined, "%s", path);
    } else {
        snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        ssize_t length = readlink(link, base, sizeof base - 1);
        if (length < 0)
            return false;
        base[length] = 0;
        snprintf(joined, sizeof joined, "%s/%s", base, path);
    }
    size_t length = strlen(joined);
    while (length > 1 && joined[length - 1] == '/')
        joined[--length] = 0;
    char *slash = strrchr(joined, '/');
    const char *last = slash ? slash + 1 : joined;
    char *parent;
    if (slash == joined) {
        parent = strdup("");
    } else if (slash == NULL) {
        parent = realpath(".", NULL);
    } else {
        *slash = 0;
        parent = realpath(joined, NULL);
    }
    bool known = parent != NULL;
    if (known && snprintf(name, PATH_MAX, "%s/%s", parent, last) >= PATH_MAX)
        abort();
    free(parent);
    errno = saved;
    return known && inside(name);
}

static void unknown(int fd, const char *what) {
    char path[PATH_MAX];
    uint64_t file;
    if (!watched(fd, S_IFREG, path, &file))
        return;
    enter();
    note_path(UNKNOWN, file, what, NULL);
    leave();
}

/* Opening and naming. */

static int do_open(int folder, const char *path, int flags, mode_t mode) {
    char name[PATH_MAX];
    uint64_t file;
    if (root == NULL || !(flags & (O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY))))
        return (int)syscall(SYS_openat, folder, path, flags, mode);
    enter();
    int saved = errno;
    bool existed = syscall(SYS_faccessat, folder, path, F_OK) == 0;
    errno = saved;
    int fd = (int)syscall(SYS_openat, folder, path, flags, mode);
    if (fd >= 0 && watched(fd, S_IFREG, name, &file)) {
        if ((flags & O_TMPFILE) == O_TMPFILE)
            note_path(UNKNOWN, file, "O_TMPFILE", NULL);
        else if (!existed)
            note_path(CREATE, file, name, NULL);
        else if (flags & O_TRUNC)
            note(RESIZE, file, 0, NULL, 0, NULL);
    }
    leave();
    return fd;
}

#define MODE(flags, last)                                                                          \
    mode_t mode = 0;                                                                               \
    if ((flags) & (O_CREAT | O_TMPFILE)) {                                                         \
        va_list more;                                                                              \
        va_start(more, last);                                                                      \
        mode = (mode_t)va_arg(more, int);                                                          \
        va_end(more);                                                                              \
    }

int open(const char *path, int flags, ...) {
    MODE(flags, flags)
    return do_open(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    MODE(flags, flags)
    return do_open(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...) {
    MODE(flags, flags)
    return do_open(folder, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...) {
    MODE(flags, flags)
    return do_open(folder, path, flags, mode);
}

int creat(const char *path, mode_t mode) {
    return do_open(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int creat64(const char *path, mode_t mode) {
    return creat(path, mode);
}

int renameat2(int from, const char *old, int to, const char *new, unsigned flags) {
    char before[PATH_MAX], after[PATH_MAX];
    enter();
    bool leaves = name_of(from, old, before), comes = name_of(to, new, after);
    int result = (int)syscall(SYS_renameat2, from, old, to, new, flags);
    if (result == 0 && leaves && comes && flags == 0)
        note_path(RENAME, 0, before, after);
    else if (result == 0 && (leaves || comes))
        note_path(UNKNOWN, 0, "a rename across the root or with flags", NULL);
    leave();
    return result;
}

int renameat(int from, const char *old, int to, const char *new) {
    return renameat2(from, old, to, new, 0);
}

int rename(const char *old, const char *new) {
    return renameat2(AT_FDCWD, old, AT_FDCWD, new, 0);
}

int unlinkat(int folder, const char *path, int flags) {
    char name[PATH_MAX];
    enter();
    bool ours = name_of(folder, path, name);
    int result = (int)syscall(SYS_unlinkat, folder, path, flags);
    if (result == 0 && ours)
        note_path(REMOVE, 0, name, NULL);
    leave();
    return result;
}

int unlink(const char *path) {
    return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path) {
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int mkdirat(int folder, const char *path, mode_t mode) {
    char name[PATH_MAX];
    enter();
    int result = (int)syscall(SYS_mkdirat, folder, path, mode);
    if (result == 0 && name_of(folder, path, name))
        note_path(MAKE_DIRECTORY, 0, name, NULL);
    leave();
    return result;
}

int mkdir(const char *path, mode_t mode) {
    return mkdirat(AT_FDCWD, path, mode);
}

int linkat(int from, const char *old, int to, const char *new, int flags) {
    char name[PATH_MAX];
    enter();
    int result = (int)syscall(SYS_linkat, from, old, to, new, flags);
    if (result == 0 && name_of(to, new, name))
        note_path(UNKNOWN, 0, "a hard link", NULL);
    leave();
    return result;
}

int link(const char *old, const char *new) {
    return linkat(AT_FDCWD, old, AT_FDCWD, new, 0);
}

int symlinkat(const char *target, int folder, const char *path) {
    char name[PATH_MAX];
    enter();
    int result = (int)syscall(SYS_symlinkat, target, folder, path);
    if (result == 0 && name_of(folder, path, name))
        note_path(UNKNOWN, 0, "a symbolic link", NULL);
    leave();
    return result;
}

int symlink(const char *target, const char *path) {
    return symlinkat(target, AT_FDCWD, path);
}

/* Content. */

/* A file opened with O_SYNC or O_DSYNC is on the medium when write returns. */
static void wrote(int fd, uint64_t file, uint64_t offset, const void *bytes, size_t length) {
    int saved = errno;
    note(WRITE, file, offset, bytes, length, NULL);
    if (fcntl(fd, F_GETFL) & (O_SYNC | O_DSYNC))
        note(SYNC, file, 0, NULL, 0, NULL);
    errno = saved;
}

ssize_t write(int fd, const void *bytes, size_t length) {
    char path[PATH_MAX];
    uint64_t file;
    if (!watched(fd, S_IFREG, path, &file))
        return syscall(SYS_write, fd, bytes, length);
    enter();
    ssize_t result = syscall(SYS_write, fd, bytes, length);
    if (result > 0) {
        uint64_t end = (uint64_t)lseek(fd, 0, SEEK_CUR);
        wrote(fd, file, end - (uint64_t)result, bytes, (size_t)result);
    }
    leave();
    return result;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
    char path[PATH_MAX];
    uint64_t file;
    if (!watched(fd, S_IFREG, path, &file))
        return syscall(SYS_pwrite64, fd, bytes, length, offset);
    enter();
    ssize_t result = syscall(SYS_pwrite64, fd, bytes, length, offset);
    if (result > 0)
        wrote(fd, file, (uint64_t)offset, bytes, (size_t)result);
    leave();
    return result;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
    return pwrite(fd, bytes, length, offset);
}

/* A short write is allowed, so of several parts only the first is written. */
ssize_t writev(int fd, const struct iovec *parts, int count) {
    char path[PATH_MAX];
    uint64_t file;
    if (!watched(fd, S_IFREG, path, &file))
        return syscall(SYS_writev, fd, parts, count);
    while (count > 1 && parts->iov_len == 0) {
        parts++;
        count--;
    }
    return count > 0 ? write(fd, parts->iov_base, parts->iov_len) : 0;
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
    char path[PATH_MAX];
    uint64_t file;
    if (!watched(fd, S_IFREG, path, &file))
        return syscall(SYS_pwritev, fd, parts, count, offset, 0);
    while (count > 1 && parts->iov_len == 0) {
        parts++;
        count--;
    }
    return count > 0 ? pwrite(fd, parts->iov_base, parts->iov_len, offset) : 0;
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset) {
    return pwritev(fd, parts, count, offset);
}

int ftruncate(int fd, off_t length) {
    char path[PATH_MAX];
    uint64_t file;
    bool ours = watched(fd, S_IFREG, path, &file);
    enter();
    int result = (int)syscall(SYS_ftruncate, fd, length);
    if (result == 0 && ours)
        note(RESIZE, file, (uint64_t)length, NULL, 0, NULL);
    leave();
    return result;
}

int ftruncate64(int fd, off64_t length) {
    return ftruncate(fd, length);
}

int truncate(const char *path, off_t length) {
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int result = ftruncate(fd, length), saved = errno;
    close(fd);
    errno = saved;
    return result;
}

int truncate64(const char *path, off64_t length) {
    return truncate(path, length);
}

int fallocate(int fd, int mode, off_t offset, off_t length) {
    int result = (int)syscall(SYS_fallocate, fd, mode, offset, length);
    /* Blocks that are only set aside change nothing that can be read. */
    if (result == 0 && mode != FALLOC_FL_KEEP_SIZE)
        unknown(fd, "fallocate");
    return result;
}

int fallocate64(int fd, int mode, off64_t offset, off64_t length) {
    return fallocate(fd, mode, offset, length);
}

int posix_fallocate(int fd, off_t offset, off_t length) {
    unknown(fd, "posix_fallocate");
    return syscall(SYS_fallocate, fd, 0, offset, length) == 0 ? 0 : errno;
}

int posix_fallocate64(int fd, off64_t offset, off64_t length) {
    return posix_fallocate(fd, offset, length);
}

/* Done by hand, so that what is copied is known. A short copy is allowed. */
ssize_t copy_file_range(int from, off64_t *in, int to, off64_t *out, size_t length, unsigned flags) {
    char path[PATH_MAX];
    uint64_t file;
    if (!watched(to, S_IFREG, path, &file))
        return syscall(SYS_copy_file_range, from, in, to, out, length, flags);
    size_t most = length < (16 << 20) ? length : (16 << 20);
    void *bytes = malloc(most);
    if (bytes == NULL)
        abort();
    ssize_t result = in ? pread(from, bytes, most, *in) : read(from, bytes, most);
    if (result > 0) {
        ssize_t done = out ? pwrite(to, bytes, (size_t)result, *out) : write(to, bytes, (size_t)result);
        if (done != result)
            abort();
        if (in)
            *in += result;
        if (out)
            *out += result;
    }
    free(bytes);
    return result;
}

ssize_t sendfile(int to, int from, off_t *offset, size_t length) {
    unknown(to, "sendfile");
    return syscall(SYS_sendfile, to, from, offset, length);
}

ssize_t sendfile64(int to, int from, off64_t *offset, size_t length) {
    return sendfile(to, from, offset, length);
}

void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset) {
    if (fd >= 0 && (protection & PROT_WRITE) && (flags & MAP_SHARED))
        unknown(fd, "a shared writable mapping");
    return (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
}

void *mmap64(void *address, size_t length, int protection, int flags, int fd, off64_t offset) {
    return mmap(address, length, protection, flags, fd, offset);
}

/* What reaches the medium. */

static int synced(int fd, bool ignored) {
    char path[PATH_MAX];
    uint64_t file;
    if (watched(fd, S_IFREG, path, &file)) {
        enter();
        if (!ignored)
            note(SYNC, file, 0, NULL, 0, NULL);
        leave();
        return 0;
    }
    if (watched(fd, S_IFDIR, path, &file)) {
        enter();
        if (!ignored)
            note_path(SYNC_DIRECTORY, file, path, NULL);
        leave();
        return 0;
    }
    return -1;
}

int fsync(int fd) {
    return synced(fd, ignore_fsync) == 0 ? 0 : (int)syscall(SYS_fsync, fd);
}

/* The length of a file counts as data: without it the data could not be read. */
int fdatasync(int fd) {
    char path[PATH_MAX];
    uint64_t file;
    if (watched(fd, S_IFREG, path, &file) && __sync_sub_and_fetch(&fdatasyncs_left, 1) < 0) {
        errno = EIO;
        return -1;
    }
    return synced(fd, ignore_fdatasync) == 0 ? 0 : (int)syscall(SYS_fdatasync, fd);
}

void sync(void) {
    if (root != NULL) {
        enter();
        note_path(UNKNOWN, 0, "sync", NULL);
        leave();
    }
    syscall(SYS_sync);
}

int syncfs(int fd) {
    unknown(fd, "syncfs");
    return (int)syscall(SYS_syncfs, fd);
}
