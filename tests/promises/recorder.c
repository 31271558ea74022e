/*
 * Writes down, in their order, what a process asks of the disk and what it sends: preloaded into a server, so that a test
 * can rebuild the disk as a power cut would have left it at any moment (tests/promises/test_power_cut.py).
 *
 * What changes the disk is written down after it was done, a send before it is: so that nothing written down before a
 * send was done after it.
 *
 * RECORDED_TO and RECORDED_UNDER, where to write and what below which folder, are given when it is compiled: the programs
 * that a server starts inherit few variables.
 *
 * A record: kind (1 byte), file (8), number (8), sizes of two texts (4 each), the texts. Native byte order.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include <stdio.h>

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static int out = -2;
static const char *under = RECORDED_UNDER;

static int ready(void)
{
	if (out == -2) {
		out = syscall(SYS_openat, AT_FDCWD, RECORDED_TO, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	}
	return out >= 0;
}

static void put(const void *data, size_t size)
{
	const char *at = data;
	while (size) {
		long done = syscall(SYS_write, out, at, size);
		if (done <= 0)
			abort();
		at += done;
		size -= done;
	}
}

static void note(char kind, uint64_t file, int64_t number, const void *a, uint32_t a_size, const void *b, uint32_t b_size)
{
	int kept = errno;
	pthread_mutex_lock(&one_at_a_time);
	char head[25];
	head[0] = kind;
	memcpy(head + 1, &file, 8);
	memcpy(head + 9, &number, 8);
	memcpy(head + 17, &a_size, 4);
	memcpy(head + 21, &b_size, 4);
	put(head, sizeof head);
	put(a, a_size);
	put(b, b_size);
	pthread_mutex_unlock(&one_at_a_time);
	errno = kept;
}

static int ours(const char *path)
{
	return ready() && path && !strncmp(path, under, strlen(under));
}

static void note_path(char kind, const char *path, const char *other)
{
	if (ours(path))
		note(kind, 0, 0, path, strlen(path), other, other ? strlen(other) : 0);
}

static void opened(int fd, const char *path, int flags)
{
	struct stat about;
	if (fd >= 0 && ours(path) && !fstat(fd, &about) && S_ISREG(about.st_mode))
		note('O', about.st_ino, !!(flags & O_TRUNC), path, strlen(path), NULL, 0);
}

static void wrote(int fd, off_t offset, const void *data, ssize_t size)
{
	struct stat about;
	if (size > 0 && ready() && !fstat(fd, &about) && S_ISREG(about.st_mode))
		note('W', about.st_ino, offset, data, size, NULL, 0);
}

static int is_socket(int fd, struct stat *about)
{
	return ready() && !fstat(fd, about) && S_ISSOCK(about->st_mode);
}

#define REAL(name) \
	static __typeof__(&name) real; \
	if (!real) \
		real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define OPEN(name) \
	int name(const char *path, int flags, ...) \
	{ \
		REAL(name); \
		va_list rest; \
		va_start(rest, flags); \
		mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
		va_end(rest); \
		int fd = real(path, flags, mode); \
		opened(fd, path, flags); \
		return fd; \
	}
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
	int name(int folder, const char *path, int flags, ...) \
	{ \
		REAL(name); \
		va_list rest; \
		va_start(rest, flags); \
		mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
		va_end(rest); \
		int fd = real(folder, path, flags, mode); \
		opened(fd, path, flags); \
		return fd; \
	}
OPENAT(openat)
OPENAT(openat64)

ssize_t write(int fd, const void *data, size_t size)
{
	REAL(write);
	struct stat about;
	if (is_socket(fd, &about)) {
		note('N', about.st_ino, 0, data, size, NULL, 0);
		/* What was not taken is sent again, and would be written down twice: a test reads all that is sent. */
		ssize_t taken = real(fd, data, size);
		if (taken != (ssize_t)size)
			note('P', about.st_ino, taken < 0 ? 0 : taken, NULL, 0, NULL, 0);
		return taken;
	}
	off_t at = ready() ? lseek(fd, 0, SEEK_CUR) : 0;
	ssize_t done = real(fd, data, size);
	wrote(fd, at, data, done);
	return done;
}

#define PWRITE(name, offset_type) \
	ssize_t name(int fd, const void *data, size_t size, offset_type offset) \
	{ \
		REAL(name); \
		ssize_t done = real(fd, data, size, offset); \
		wrote(fd, offset, data, done); \
		return done; \
	}
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

static void *joined(const struct iovec *parts, int count, size_t *size)
{
	*size = 0;
	for (int i = 0; i < count; i++)
		*size += parts[i].iov_len;
	char *all = malloc(*size + 1), *at = all;
	for (int i = 0; i < count; i++) {
		memcpy(at, parts[i].iov_base, parts[i].iov_len);
		at += parts[i].iov_len;
	}
	return all;
}

static void sending(int fd, const struct iovec *parts, int count)
{
	struct stat about;
	if (!is_socket(fd, &about))
		return;
	size_t size;
	void *all = joined(parts, count, &size);
	note('N', about.st_ino, 0, all, size, NULL, 0);
	free(all);
}

static void sent(int fd, const struct iovec *parts, int count, ssize_t taken)
{
	struct stat about;
	size_t size = 0;
	for (int i = 0; i < count; i++)
		size += parts[i].iov_len;
	if (taken != (ssize_t)size && is_socket(fd, &about))
		note('P', about.st_ino, taken < 0 ? 0 : taken, NULL, 0, NULL, 0);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
	REAL(writev);
	sending(fd, parts, count);
	off_t at = ready() ? lseek(fd, 0, SEEK_CUR) : 0;
	ssize_t done = real(fd, parts, count);
	sent(fd, parts, count, done);
	struct stat about;
	if (done > 0 && ready() && !fstat(fd, &about) && S_ISREG(about.st_mode)) {
		size_t size;
		void *all = joined(parts, count, &size);
		wrote(fd, at, all, done);
		free(all);
	}
	return done;
}

ssize_t send(int fd, const void *data, size_t size, int flags)
{
	REAL(send);
	struct iovec part = {(void *)data, size};
	sending(fd, &part, 1);
	ssize_t done = real(fd, data, size, flags);
	sent(fd, &part, 1, done);
	return done;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	REAL(sendmsg);
	sending(fd, message->msg_iov, message->msg_iovlen);
	ssize_t done = real(fd, message, flags);
	sent(fd, message->msg_iov, message->msg_iovlen, done);
	return done;
}

static void synced(int fd)
{
	struct stat about;
	if (!ready() || fstat(fd, &about))
		return;
	if (S_ISREG(about.st_mode)) {
		note('S', about.st_ino, 0, NULL, 0, NULL, 0);
	} else if (S_ISDIR(about.st_mode)) {
		char link[64], path[PATH_MAX];
		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		ssize_t size = readlink(link, path, sizeof path);
		if (size > 0)
			note('D', about.st_ino, 0, path, size, NULL, 0);
	}
}

int fsync(int fd)
{
	REAL(fsync);
	int failed = real(fd);
	if (!failed)
		synced(fd);
	return failed;
}

int fdatasync(int fd)
{
	REAL(fdatasync);
	int failed = real(fd);
	if (!failed)
		synced(fd);
	return failed;
}

#define CUT(name, offset_type) \
	int name(int fd, offset_type size) \
	{ \
		REAL(name); \
		int failed = real(fd, size); \
		struct stat about; \
		if (!failed && ready() && !fstat(fd, &about)) \
			note('T', about.st_ino, size, NULL, 0, NULL, 0); \
		return failed; \
	}
CUT(ftruncate, off_t)
CUT(ftruncate64, off64_t)

int rename(const char *from, const char *to)
{
	REAL(rename);
	int failed = real(from, to);
	if (!failed)
		note_path('R', from, to);
	return failed;
}

int unlink(const char *path)
{
	REAL(unlink);
	int failed = real(path);
	if (!failed)
		note_path('U', path, NULL);
	return failed;
}

int mkdir(const char *path, mode_t mode)
{
	REAL(mkdir);
	int failed = real(path, mode);
	if (!failed)
		note_path('M', path, NULL);
	return failed;
}
