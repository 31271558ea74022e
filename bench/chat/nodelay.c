/*
 * nodelay - sets TCP_NODELAY on every accepted socket of a server that does not.
 *
 * InspIRCd and ngIRCd leave Nagle's algorithm on; together with delayed
 * acknowledgements it holds a client's second line for about 40 ms.  Comparing
 * latency with them is only fair when that is taken away:
 *
 *     LD_PRELOAD=build/bench/nodelay.so inspircd ...
 *
 * A failing setsockopt (a UNIX socket, say) is not the server's concern: errno
 * stays as accept left it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

typedef int accept_fn(int, struct sockaddr *, socklen_t *);
typedef int accept4_fn(int, struct sockaddr *, socklen_t *, int);

static int without_delay(int fd) {
    if (fd >= 0) {
        int saved = errno, one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        errno = saved;
    }
    return fd;
}
int accept(int fd, struct sockaddr *addr, socklen_t *len) {
    static accept_fn *next;
    if (!next) next = (accept_fn *)dlsym(RTLD_NEXT, "accept");
    return without_delay(next(fd, addr, len));
}
int accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags) {
    static accept4_fn *next;
    if (!next) next = (accept4_fn *)dlsym(RTLD_NEXT, "accept4");
    return without_delay(next(fd, addr, len, flags));
}
