/*
 * ircload - bounded, single-threaded epoll load generator for IRC servers on
 * loopback (plain TCP, or WebSocket text frames with one IRC line per frame).
 *
 * It only ever connects to 127.0.0.1, runs a bounded number of messages, exits
 * by itself, and prints exactly one JSON object on stdout.  See bench/README.md.
 *
 * With --caps every client negotiates the tags of a client of today, half the
 * senders label their messages, and each sender must read its own echo once.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* ------------------------------------------------------------------ config */
enum { MODE_FANOUT, MODE_DM, MODE_STORM, MODE_IDLE };
static int mode = MODE_FANOUT;
static int port = 6667;
static bool ws = false;
static bool caps = false;    /* negotiate tags, echoes and labels */
static const char *ws_path = "/";
static const char *ws_origin = "http://localhost";
static const char *ws_proto = "text.ircv3.net";
static const char *label = "";
static int rooms = 1, members = 10, senders = 1, pairs = 10, nconn = 2000;
static int window_ = 1;      /* outstanding messages per sender */
static int msgs = 1000;      /* messages per sender */
static const char *wanted = "message-tags server-time account-tag batch echo-message labeled-response";
#define LABEL_BYTES 9        /* 'L' and the message id in hex */
#define LATE_MS 50           /* a copy that comes after everything was read is still a duplicate */
static int bytes_ = 100;     /* PRIVMSG body bytes */
static double rate = 0;      /* open loop: messages/s in total; 0 = closed loop */
static int max_inflight = 4096;
static bool pingpong = false;
static int concurrency = 64; /* connects in progress */
static int settle_ms = 300;
static int hold_ms = 2000;
static double timeout_s = 120;
static double stall_s = 10;
static int core = -1;
static int idle_rooms = 0;
static pid_t pids[64];
static int npids = 0;

/* ------------------------------------------------------------------ state */
enum { ST_NONE, ST_CONNECTING, ST_WSHAND, ST_REG, ST_READY, ST_JOINED, ST_DEAD };
typedef struct {
    int fd;
    uint32_t id;
    uint8_t state;
    bool want_out, got001;
    uint32_t room;     /* room, or pair in dm mode: who may read what */
    uint64_t t0;
    char *in; uint32_t ilen, icap;
    char *out; uint32_t olen, ooff, ocap;
} conn;
static conn *C;
static int N;
static int ep;
static uint64_t n_ready, n_joined, n_dead, n_open, n_inprog, n_lines, n_bytes;
static uint64_t n_refused, n_reads;
static char tag[3];
static uint64_t last_rx;
static bool measuring = false, closing = false;
static char first_error[512];

typedef struct {
    uint32_t conn;     /* sending connection */
    uint32_t sent;     /* messages sent so far */
    uint32_t done;     /* messages completed */
    uint32_t expect;   /* deliveries expected per message */
    int peer;          /* flow to trigger on completion (ping-pong), or -1 = self */
    uint32_t room;     /* room, or pair in dm mode */
    bool labelled;     /* every message carries @label, and its echo must too */
    char head[96]; int hlen; /* "[@label=L........ ]PRIVMSG <target> :" */
} flow;
static flow *F;
static uint32_t nflows, flows_per_room = 1;
static uint32_t *remaining;   /* per message id */
static uint32_t *lastseq;     /* [conn][flow within room] next expected */
static uint64_t total_msgs, completed, received, dups, gap, foreign, inflight, sent_total, stalls;
static uint64_t t_first, t_last;

/* ------------------------------------------------------------------ helpers */
static uint64_t now_ns(void) {
    struct timespec ts; clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000ull + ts.tv_nsec;
}
static void die(const char *fmt, ...) {
    va_list ap; va_start(ap, fmt);
    fprintf(stderr, "ircload: "); vfprintf(stderr, fmt, ap); fputc('\n', stderr);
    va_end(ap); exit(2);
}
static void note_error(const char *s, size_t n) {
    if (first_error[0]) return;
    if (n > sizeof first_error - 1) n = sizeof first_error - 1;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = s[i];
        first_error[i] = (c < 32 || c == '"' || c == '\\' || c > 126) ? '?' : c;
    }
    first_error[n] = 0;
}

/* log-linear histogram, 128 sub-buckets per power of two (<1 % error) */
#define SUB 128
#define HB (SUB * 50)
typedef struct { uint64_t b[HB]; uint64_t n, max; double sum; } hist;
static void h_add(hist *h, uint64_t v) {
    int idx;
    if (v < SUB) idx = v;
    else { int e = 63 - __builtin_clzll(v) - 6; idx = e * 64 + (int)(v >> e); }
    if (idx >= HB) idx = HB - 1;
    h->b[idx]++; h->n++; h->sum += v; if (v > h->max) h->max = v;
}
static double h_q(const hist *h, double q) {
    if (!h->n) return 0;
    uint64_t want = (uint64_t)(q * h->n); if (want >= h->n) want = h->n - 1;
    uint64_t acc = 0;
    for (int i = 0; i < HB; i++) {
        acc += h->b[i];
        if (acc > want) {
            if (i < SUB) return i;
            int e = (i - 64) / 64; uint64_t m = i - (uint64_t)e * 64;
            return (double)(m << e) + (double)(1ull << e) / 2;
        }
    }
    return h->max;
}
static hist lat, reg;

/* server accounting */
typedef struct { double cpu, user, sys; long rss_kb, hwm_kb; double core_busy, core_soft; } usage;
static usage get_usage(void) {
    usage u = {0}; char p[64], buf[4096];
    for (int i = 0; i < npids; i++) {
        clockid_t ck; struct timespec ts;
        if (clock_getcpuclockid(pids[i], &ck) == 0 && clock_gettime(ck, &ts) == 0)
            u.cpu += ts.tv_sec + ts.tv_nsec / 1e9;
        snprintf(p, sizeof p, "/proc/%d/stat", pids[i]);
        FILE *f = fopen(p, "r");
        if (f) {
            size_t n = fread(buf, 1, sizeof buf - 1, f); buf[n] = 0; fclose(f);
            char *q = strrchr(buf, ')');
            unsigned long ut = 0, st = 0;
            if (q) sscanf(q + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &ut, &st);
            u.user += ut / (double)sysconf(_SC_CLK_TCK); u.sys += st / (double)sysconf(_SC_CLK_TCK);
        }
        snprintf(p, sizeof p, "/proc/%d/status", pids[i]);
        f = fopen(p, "r");
        if (f) {
            while (fgets(buf, sizeof buf, f)) {
                long v;
                if (sscanf(buf, "VmHWM: %ld", &v) == 1) u.hwm_kb += v;
            }
            fclose(f);
        }
        /* not VmRSS, of which each thread keeps some pages to itself for a while */
        snprintf(p, sizeof p, "/proc/%d/smaps_rollup", pids[i]);
        f = fopen(p, "r");
        if (f) {
            while (fgets(buf, sizeof buf, f)) {
                long v;
                if (sscanf(buf, "Rss: %ld", &v) == 1) u.rss_kb += v;
            }
            fclose(f);
        }
    }
    if (core >= 0) {
        FILE *f = fopen("/proc/stat", "r");
        if (f) {
            while (fgets(buf, sizeof buf, f)) {
                int c; unsigned long us, ni, sy, id, io, ir, so;
                if (sscanf(buf, "cpu%d %lu %lu %lu %lu %lu %lu %lu", &c, &us, &ni, &sy, &id, &io, &ir, &so) == 8 && c == core) {
                    u.core_busy = (us + ni + sy + ir + so) / (double)sysconf(_SC_CLK_TCK);
                    u.core_soft = (ir + so) / (double)sysconf(_SC_CLK_TCK);
                }
            }
            fclose(f);
        }
    }
    return u;
}
static double self_cpu(void) {
    struct timespec ts; clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* ------------------------------------------------------------------ output */
static void set_events(conn *c, bool out) {
    if (c->want_out == out) return;
    c->want_out = out;
    struct epoll_event e = { .events = EPOLLIN | (out ? EPOLLOUT : 0), .data.u32 = c->id };
    epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
}
static void kill_conn(conn *c, const char *why, size_t n) {
    if (c->state == ST_DEAD) return;
    if (!closing) { note_error(why, n); n_dead++; }
    if (c->state == ST_CONNECTING || c->state == ST_WSHAND || c->state == ST_REG) n_inprog--;
    c->state = ST_DEAD; n_open--;
    close(c->fd); c->fd = -1;
}
static void raw_send(conn *c, const char *p, size_t n) {
    if (c->state == ST_DEAD) return;
    if (c->olen == c->ooff) {
        ssize_t k = send(c->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (k == (ssize_t)n) return;
        if (k < 0) {
            if (errno != EAGAIN) { kill_conn(c, "send failed", 11); return; }
            k = 0;
        }
        p += k; n -= k;
    }
    if (c->ooff) { memmove(c->out, c->out + c->ooff, c->olen - c->ooff); c->olen -= c->ooff; c->ooff = 0; }
    if (c->olen + n > c->ocap) { c->ocap = (c->olen + n) * 2; c->out = realloc(c->out, c->ocap); }
    memcpy(c->out + c->olen, p, n); c->olen += n;
    set_events(c, true);
}
static void send_line(conn *c, const char *p, size_t n) { /* without CRLF */
    char b[8300];
    if (n > 8192) die("line too long");
    if (!ws) { memcpy(b, p, n); b[n] = '\r'; b[n + 1] = '\n'; raw_send(c, b, n + 2); return; }
    static const unsigned char mask[4] = { 0x37, 0xfa, 0x21, 0x3d };
    size_t h = 0;
    b[h++] = (char)0x81;
    if (n < 126) b[h++] = (char)(0x80 | n);
    else { b[h++] = (char)(0x80 | 126); b[h++] = (char)(n >> 8); b[h++] = (char)(n & 255); }
    memcpy(b + h, mask, 4); h += 4;
    for (size_t i = 0; i < n; i++) b[h + i] = p[i] ^ mask[i & 3];
    raw_send(c, b, h + n);
}
static void send_fmt(conn *c, const char *fmt, ...) {
    char b[1024]; va_list ap; va_start(ap, fmt);
    int n = vsnprintf(b, sizeof b, fmt, ap); va_end(ap);
    send_line(c, b, n);
}
static void nick_of(char *b, uint32_t id) { sprintf(b, "b%s%05u", tag, id); }

/* ------------------------------------------------------------------ flows */
static const char HEX[] = "0123456789abcdef";
static void put_hex(char *p, uint64_t v, int digits) {
    for (int i = digits - 1; i >= 0; i--) { p[i] = HEX[v & 15]; v >>= 4; }
}
static int64_t get_hex(const char *p, int digits) {
    int64_t v = 0;
    for (int i = 0; i < digits; i++) {
        char c = p[i]; int d;
        if (c >= '0' && c <= '9') d = c - '0'; else if (c >= 'a' && c <= 'f') d = c - 'a' + 10; else return -1;
        v = v << 4 | d;
    }
    return v;
}
static void flow_send(uint32_t fi, uint64_t ts) {
    flow *f = &F[fi];
    if (f->sent >= (uint32_t)msgs) return;
    conn *c = &C[f->conn];
    uint32_t id = fi * (uint32_t)msgs + f->sent++;
    remaining[id] = f->expect;
    char b[8192];
    memcpy(b, f->head, f->hlen);
    if (f->labelled) put_hex(b + sizeof "@label=L" - 1, id, LABEL_BYTES - 1);
    char *p = b + f->hlen;
    p[0] = 'T'; put_hex(p + 1, ts, 16); put_hex(p + 17, id, 8);
    memset(p + 25, 'x', bytes_ - 25);
    inflight++; sent_total++;
    send_line(c, b, f->hlen + bytes_);
}
/* The tags that matter here.  An absent tag has length 0. */
typedef struct { const char *time, *msgid, *label; uint32_t ntime, nmsgid, nlabel; } tagset;
static tagset read_tags(const char *p, const char *e) { /* between '@' and the space */
    tagset g = {0};
    while (p < e) {
        const char *semi = memchr(p, ';', e - p), *end = semi ? semi : e;
        size_t n = end - p;
        if (n > 5 && !memcmp(p, "time=", 5)) { g.time = p + 5; g.ntime = n - 5; }
        else if (n > 6 && !memcmp(p, "msgid=", 6)) { g.msgid = p + 6; g.nmsgid = n - 6; }
        else if (n > 6 && !memcmp(p, "label=", 6)) { g.label = p + 6; g.nlabel = n - 6; }
        p = end + 1;
    }
    return g;
}
/* What is wrong with the tags of a delivered message, or NULL. */
static const char *tag_fault(const flow *f, uint32_t id, bool echo, const char *tags, size_t n) {
    tagset g = read_tags(tags, tags + n);
    /* server-time fixes the form: YYYY-MM-DDThh:mm:ss.sssZ */
    if (g.ntime != 24 || g.time[10] != 'T' || g.time[23] != 'Z') return "delivered without a time tag";
    if (!g.nmsgid) return "delivered without a msgid tag";
    if (echo && f->labelled) {
        char want[LABEL_BYTES] = { 'L' };
        put_hex(want + 1, id, LABEL_BYTES - 1);
        if (g.nlabel != LABEL_BYTES || memcmp(g.label, want, LABEL_BYTES)) return "echo without its label";
    } else if (g.nlabel) return "label on a message that is no labelled echo";
    return NULL;
}
static void on_privmsg(conn *c, const char *body, size_t n, const char *tags, size_t ntags, uint64_t t) {
    if (!measuring) return;
    int64_t ts, id;
    if (n < 25 || body[0] != 'T' || (ts = get_hex(body + 1, 16)) < 0 || (id = get_hex(body + 17, 8)) < 0 || (uint64_t)id >= total_msgs) { foreign++; return; }
    if ((int)n != bytes_) { foreign++; return; }
    uint32_t fi = id / (uint32_t)msgs, seq = id % (uint32_t)msgs;
    bool echo = F[fi].conn == c->id;
    if (F[fi].room != c->room) { foreign++; note_error("delivered to a stranger", 23); return; }
    if (echo && !caps) { foreign++; note_error("echo that nobody asked for", 26); return; }
    if (caps) {
        const char *fault = tag_fault(&F[fi], id, echo, tags, ntags);
        if (fault) { foreign++; note_error(fault, strlen(fault)); } /* counted, and still a delivery */
    }
    uint32_t *ls = &lastseq[(size_t)c->id * flows_per_room + fi % flows_per_room];
    if (seq >= F[fi].sent) { foreign++; note_error("message that nobody sent", 24); return; }
    if (seq < *ls) { dups++; return; }
    if (seq > *ls) gap += seq - *ls;
    *ls = seq + 1;
    received++;
    h_add(&lat, t > (uint64_t)ts ? t - (uint64_t)ts : 0);
    t_last = t;
    if (remaining[id] && --remaining[id] == 0) {
        completed++; inflight--; F[fi].done++;
        if (rate <= 0) {
            uint32_t nx = F[fi].peer >= 0 ? (uint32_t)F[fi].peer : fi;
            flow_send(nx, now_ns());
        }
    }
}

/* ------------------------------------------------------------------ input */
/* CAP <nick> <LS|ACK|NAK|...> [*] :<list>; p stands at "CAP" */
static void on_cap(conn *c, const char *p, const char *e) {
    const char *verb = memchr(p + 4, ' ', e - p - 4);
    if (!verb) return;
    verb++;
    if (e - verb > 3 && !memcmp(verb, "LS ", 3)) {
        if (verb[3] != '*') send_fmt(c, "CAP REQ :%s", wanted); /* '*': more lines follow */
    } else if (e - verb >= 3 && !memcmp(verb, "ACK", 3)) send_fmt(c, "CAP END");
    else if (e - verb >= 3 && !memcmp(verb, "NAK", 3)) kill_conn(c, p, e - p);
}
static void on_line(conn *c, char *s, size_t n, uint64_t t) {
    while (n && (s[n - 1] == '\r' || s[n - 1] == '\n')) n--;
    if (!n) return;
    n_lines++;
    char *e = s + n, *p = s;
    const char *tags = p; size_t ntags = 0;
    if (*p == '@') { tags = p + 1; p = memchr(p, ' ', e - p); if (!p) return; ntags = p - tags; p++; }
    if (p < e && *p == ':') { p = memchr(p, ' ', e - p); if (!p) return; p++; }
    size_t r = e - p;
    if (r > 8 && !memcmp(p, "PRIVMSG ", 8)) {
        p = memchr(p + 8, ' ', e - p - 8);
        if (!p) return;
        p++; if (p < e && *p == ':') p++;
        on_privmsg(c, p, e - p, tags, ntags, t);
        return;
    }
    if (r >= 5 && !memcmp(p, "PING ", 5)) {
        char b[600]; size_t k = r - 5 > 500 ? 500 : r - 5;
        memcpy(b, "PONG ", 5); memcpy(b + 5, p + 5, k);
        send_line(c, b, 5 + k);
        return;
    }
    if (caps && r > 4 && !memcmp(p, "CAP ", 4)) { on_cap(c, p, e); return; }
    if (r >= 5 && !memcmp(p, "FAIL ", 5)) { note_error(s, n); n_refused++; return; }
    if (r >= 6 && !memcmp(p, "ERROR ", 6)) { if (!closing) note_error(s, n); return; }
    if (r >= 4 && p[3] == ' ' && p[0] >= '0' && p[0] <= '9') {
        int num = (p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0');
        switch (num) {
        case 1: c->got001 = true; break;
        case 376: case 422:
            if (c->state == ST_REG) { c->state = ST_READY; n_ready++; n_inprog--; h_add(&reg, now_ns() - c->t0); }
            break;
        case 366:
            if (c->state == ST_READY) { c->state = ST_JOINED; n_joined++; }
            break;
        case 433: case 432: case 403: case 404: case 405: case 471: case 473: case 439: case 401:
            note_error(s, n); n_refused++;
            break;
        }
    }
}
static void start_irc(conn *c) {
    c->state = ST_REG;
    char nk[32]; nick_of(nk, c->id);
    if (caps) send_fmt(c, "CAP LS 302");
    if (ws) { send_fmt(c, "NICK %s", nk); send_fmt(c, "USER %s 0 * :ircload", nk); }
    else { char b[128]; int n = sprintf(b, "NICK %s\r\nUSER %s 0 * :ircload\r\n", nk, nk); raw_send(c, b, n); }
}
/* returns bytes consumed */
static size_t consume(conn *c, char *b, size_t n, uint64_t t) {
    size_t off = 0;
    if (!ws) {
        while (off < n && c->state != ST_DEAD) {
            char *nl = memchr(b + off, '\n', n - off);
            if (!nl) break;
            on_line(c, b + off, nl - (b + off) + 1, t);
            off = nl - b + 1;
        }
        return off;
    }
    if (c->state == ST_WSHAND) {
        char *e = memmem(b, n, "\r\n\r\n", 4);
        if (!e) return 0;
        if (n < 12 || memcmp(b + 8, " 101", 4)) { kill_conn(c, b, n); return n; }
        off = e + 4 - b;
        start_irc(c);
    }
    while (n - off >= 2 && c->state != ST_DEAD) {
        unsigned char *p = (unsigned char *)b + off;
        uint64_t l = p[1] & 127; size_t h = 2;
        if (l == 126) { if (n - off < 4) break; l = p[2] << 8 | p[3]; h = 4; }
        else if (l == 127) { if (n - off < 10) break; l = 0; for (int i = 0; i < 8; i++) l = l << 8 | p[2 + i]; h = 10; }
        if (p[1] & 128) { kill_conn(c, "masked server frame", 19); return n; }
        if (n - off < h + l) break;
        int op = p[0] & 15;
        if (!(p[0] & 128)) { kill_conn(c, "fragmented frame", 16); return n; }
        char *d = b + off + h;
        if (op == 1 || op == 2) {
            size_t i = 0;
            while (i < l) {
                char *nl = memchr(d + i, '\n', l - i);
                size_t k = nl ? (size_t)(nl - (d + i)) + 1 : l - i;
                on_line(c, d + i, k, t); i += k;
            }
        } else if (op == 9 && l < 126) {
            char f[140] = { (char)0x8a, (char)(0x80 | l), 0, 0, 0, 0 };
            memcpy(f + 6, d, l); raw_send(c, f, 6 + l);
        } else if (op == 8) { kill_conn(c, "websocket close", 15); return n; }
        off += h + l;
    }
    return off;
}
static char rb[1 << 18];
static void on_readable(conn *c) {
    size_t have = c->ilen;
    if (have) memcpy(rb, c->in, have);
    ssize_t k = recv(c->fd, rb + have, sizeof rb - have, MSG_DONTWAIT);
    if (k <= 0) {
        if (k < 0 && (errno == EAGAIN || errno == EINTR)) return;
        kill_conn(c, k == 0 ? "closed by server" : "recv error", k == 0 ? 16 : 10);
        return;
    }
    uint64_t t = now_ns();
    last_rx = t; n_bytes += k; n_reads++;
    size_t n = have + k, used = consume(c, rb, n, t);
    if (c->state == ST_DEAD) return;
    size_t left = n - used;
    if (left) {
        if (left > c->icap) { c->icap = left < 512 ? 512 : left * 2; c->in = realloc(c->in, c->icap); }
        memcpy(c->in, rb + used, left);
    }
    c->ilen = left;
}
static void on_writable(conn *c) {
    if (c->state == ST_CONNECTING) {
        int err = 0; socklen_t l = sizeof err;
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &l);
        if (err) { kill_conn(c, strerror(err), strlen(strerror(err))); return; }
        set_events(c, false);
        if (ws) {
            c->state = ST_WSHAND;
            char b[1024];
            int n = snprintf(b, sizeof b, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nOrigin: %s\r\n%s%s%s\r\n",
                ws_path, port, ws_origin, *ws_proto ? "Sec-WebSocket-Protocol: " : "", ws_proto, *ws_proto ? "\r\n" : "");
            raw_send(c, b, n);
        } else start_irc(c);
        return;
    }
    if (c->olen > c->ooff) {
        ssize_t k = send(c->fd, c->out + c->ooff, c->olen - c->ooff, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (k < 0) { if (errno != EAGAIN) kill_conn(c, "send failed", 11); return; }
        c->ooff += k;
    }
    if (c->olen == c->ooff) { c->olen = c->ooff = 0; set_events(c, false); }
}
static void pump(int64_t timeout_ns) {
    static struct epoll_event ev[512];
    struct timespec ts = { timeout_ns / 1000000000, timeout_ns % 1000000000 };
    int n = epoll_pwait2(ep, ev, 512, &ts, NULL);
    for (int i = 0; i < n; i++) {
        conn *c = &C[ev[i].data.u32];
        if (c->state == ST_DEAD || c->state == ST_NONE) continue;
        if (c->state == ST_CONNECTING) { if (ev[i].events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) on_writable(c); continue; }
        if (ev[i].events & EPOLLOUT) on_writable(c);
        if (c->state != ST_DEAD && (ev[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP))) on_readable(c);
    }
}

/* ------------------------------------------------------------------ phases */
static uint64_t deadline;
static void start_connect(uint32_t id) {
    conn *c = &C[id];
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) die("socket: %s (raise ulimit -n)", strerror(errno));
    int one = 1; setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    c->state = ST_CONNECTING; c->t0 = now_ns(); c->want_out = true; n_inprog++; n_open++;
    struct epoll_event e = { .events = EPOLLIN | EPOLLOUT, .data.u32 = id };
    if (epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e)) die("epoll_ctl: %s", strerror(errno));
    if (connect(c->fd, (struct sockaddr *)&a, sizeof a) && errno != EINPROGRESS)
        kill_conn(c, strerror(errno), strlen(strerror(errno)));
}
static void connect_all(void) {
    uint32_t next = 0;
    while (n_ready + n_dead < (uint64_t)N && now_ns() < deadline) {
        while (next < (uint32_t)N && n_inprog < (uint64_t)concurrency) start_connect(next++);
        pump(100000000);
    }
}
static void quiesce(void) {
    uint64_t start = now_ns(); last_rx = start;
    while (now_ns() - last_rx < (uint64_t)settle_ms * 1000000ull && now_ns() < deadline) pump(20000000);
}
static void join_all(int per_room) {
    uint64_t want = n_joined; uint32_t next = 0;
    /* a bounded number of joins at a time: large rooms make JOIN quadratic */
    while (n_joined + n_dead + n_refused < (uint64_t)N && now_ns() < deadline) {
        while (next < (uint32_t)N && want < n_joined + 32) {
            if (C[next].state == ST_READY) { send_fmt(&C[next], "JOIN #r%s%u", tag, next / per_room); want++; }
            next++;
        }
        pump(100000000);
    }
}
static void close_all(void) {
    closing = true;
    for (int i = 0; i < N; i++) if (C[i].state >= ST_REG && C[i].state != ST_DEAD) send_fmt(&C[i], "QUIT :done");
    uint64_t end = now_ns() + 300000000ull;
    while (n_open && now_ns() < end) pump(20000000);
    for (int i = 0; i < N; i++) if (C[i].state != ST_DEAD && C[i].state != ST_NONE) {
        struct linger lg = { 1, 0 }; setsockopt(C[i].fd, SOL_SOCKET, SO_LINGER, &lg, sizeof lg);
        close(C[i].fd); C[i].state = ST_DEAD;
    }
}

int main(int argc, char **argv) {
    static struct option o[] = {
        {"mode", 1, 0, 'm'}, {"port", 1, 0, 'p'}, {"ws", 0, 0, 'w'}, {"path", 1, 0, 1}, {"origin", 1, 0, 2},
        {"subprotocol", 1, 0, 3}, {"rooms", 1, 0, 'r'}, {"members", 1, 0, 'k'}, {"senders", 1, 0, 's'},
        {"pairs", 1, 0, 'q'}, {"conns", 1, 0, 'n'}, {"window", 1, 0, 'W'}, {"msgs", 1, 0, 'M'}, {"bytes", 1, 0, 'b'},
        {"rate", 1, 0, 'R'}, {"max-inflight", 1, 0, 4}, {"pingpong", 0, 0, 5}, {"concurrency", 1, 0, 'c'},
        {"settle-ms", 1, 0, 6}, {"hold-ms", 1, 0, 7}, {"timeout", 1, 0, 8}, {"pid", 1, 0, 'P'}, {"core", 1, 0, 9},
        {"label", 1, 0, 10}, {"idle-rooms", 1, 0, 11}, {"stall", 1, 0, 12}, {"caps", 0, 0, 13},
        {"want", 1, 0, 14}, {0, 0, 0, 0} };
    int ch;
    while ((ch = getopt_long(argc, argv, "m:p:wr:k:s:q:n:W:M:b:R:c:P:", o, 0)) != -1) switch (ch) {
        case 'm': mode = !strcmp(optarg, "fanout") ? MODE_FANOUT : !strcmp(optarg, "dm") ? MODE_DM :
                         !strcmp(optarg, "storm") ? MODE_STORM : !strcmp(optarg, "idle") ? MODE_IDLE : -1;
                  if (mode < 0) die("unknown mode");
                  break;
        case 'p': port = atoi(optarg); break;     case 'w': ws = true; break;
        case 1: ws_path = optarg; break;          case 2: ws_origin = optarg; break;
        case 3: ws_proto = optarg; break;         case 'r': rooms = atoi(optarg); break;
        case 'k': members = atoi(optarg); break;  case 's': senders = atoi(optarg); break;
        case 'q': pairs = atoi(optarg); break;    case 'n': nconn = atoi(optarg); break;
        case 'W': window_ = atoi(optarg); break;  case 'M': msgs = atoi(optarg); break;
        case 'b': bytes_ = atoi(optarg); break;   case 'R': rate = atof(optarg); break;
        case 4: max_inflight = atoi(optarg); break; case 5: pingpong = true; break;
        case 'c': concurrency = atoi(optarg); break; case 6: settle_ms = atoi(optarg); break;
        case 7: hold_ms = atoi(optarg); break;    case 8: timeout_s = atof(optarg); break;
        case 'P': for (char *t = strtok(optarg, ","); t && npids < 64; t = strtok(0, ",")) {
                      if (atoi(t) < 2) die("--pid needs process ids: %s", t); /* 0 would be ourselves */
                      pids[npids++] = atoi(t);
                  }
                  break;
        case 9: core = atoi(optarg); break;       case 10: label = optarg; break;
        case 11: idle_rooms = atoi(optarg); break; case 12: stall_s = atof(optarg); break;
        case 13: caps = true; break;
        case 14: wanted = optarg; break;
        default: die("bad option; see bench/README.md");
    }
    if (bytes_ < 32 || bytes_ > 400) die("--bytes must be 32..400");
    if (strlen(wanted) > 400) die("--want is too long");
    if (members < 2 && mode == MODE_FANOUT) die("--members must be >= 2");
    if (senders > members) senders = members;
    if (msgs < 1 || window_ < 1) die("--msgs and --window must be >= 1");
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_TIMERSLACK, 1000UL);
    struct rlimit rl; getrlimit(RLIMIT_NOFILE, &rl);
    N = mode == MODE_FANOUT ? rooms * members : mode == MODE_DM ? pairs * 2 : nconn;
    if (N < 1 || N > 27000) die("too many connections for one loopback address");
    if (rl.rlim_cur < (rlim_t)N + 64) { rl.rlim_cur = N + 64; if (rl.rlim_max < rl.rlim_cur) rl.rlim_max = rl.rlim_cur; if (setrlimit(RLIMIT_NOFILE, &rl)) die("raise ulimit -n"); }
    C = calloc(N, sizeof *C);
    for (int i = 0; i < N; i++) { C[i].id = i; C[i].fd = -1; }
    unsigned seed = (unsigned)(getpid() * 2654435761u) ^ (unsigned)now_ns();
    tag[0] = 'a' + seed % 26; tag[1] = 'a' + (seed / 26) % 26;
    ep = epoll_create1(EPOLL_CLOEXEC);
    uint64_t T0 = now_ns();
    deadline = T0 + (uint64_t)(timeout_s * 1e9);

    usage u0 = get_usage(); double s0 = self_cpu();
    connect_all();
    uint64_t T1 = now_ns();
    double connect_s = (T1 - T0) / 1e9;
    usage u1 = get_usage();
    double storm_cpu = u1.cpu - u0.cpu, storm_core = u1.core_busy - u0.core_busy;
    bool ok = n_ready == (uint64_t)N;

    usage a = u1, b = u1; double la = s0, lb = s0; double elapsed = 0; bool timed_out = false; uint64_t reads = 0, rbytes = 0;
    if (mode == MODE_IDLE && ok) {
        if (idle_rooms > 0) join_all((N + idle_rooms - 1) / idle_rooms);
        quiesce();
        uint64_t end = now_ns() + (uint64_t)hold_ms * 1000000ull;
        a = get_usage();
        while (now_ns() < end) pump(50000000);
        b = get_usage();
        elapsed = hold_ms / 1e3;
    } else if ((mode == MODE_FANOUT || mode == MODE_DM) && ok) {
        if (mode == MODE_FANOUT) {
            join_all(members);
            if (n_joined != (uint64_t)N) ok = false;
            nflows = rooms * senders; flows_per_room = senders;
        } else { nflows = pingpong ? pairs * 2 : pairs; flows_per_room = pingpong ? 2 : 1; }
        for (int i = 0; i < N; i++) C[i].room = mode == MODE_FANOUT ? i / members : i / 2;
        total_msgs = (uint64_t)nflows * msgs;
        if (total_msgs > 0xfffffff0ull || total_msgs > 200000000ull) die("too many messages");
        remaining = calloc(total_msgs, sizeof *remaining);
        lastseq = calloc((size_t)N * flows_per_room, sizeof *lastseq);
        F = calloc(nflows, sizeof *F);
        char nk[32];
        for (uint32_t i = 0; i < nflows; i++) {
            F[i].peer = -1;
            F[i].labelled = caps && !(i & 1);
            int at = F[i].labelled ? sprintf(F[i].head, "@label=L%08x ", 0u) : 0;
            if (mode == MODE_FANOUT) {
                uint32_t r = i / senders;
                F[i].conn = r * members + i % senders; F[i].room = r; F[i].expect = caps ? members : members - 1;
                F[i].hlen = at + sprintf(F[i].head + at, "PRIVMSG #r%s%u :", tag, r);
            } else {
                uint32_t p = pingpong ? i / 2 : i, side = pingpong ? i & 1 : 0;
                F[i].conn = 2 * p + side; F[i].room = p; F[i].expect = caps ? 2 : 1; nick_of(nk, 2 * p + !side);
                F[i].hlen = at + sprintf(F[i].head + at, "PRIVMSG %s :", nk);
                if (pingpong) F[i].peer = i ^ 1;
            }
        }
        quiesce();
        measuring = true;
        a = get_usage(); la = self_cpu();
        n_reads = 0; n_bytes = 0;
        t_first = t_last = last_rx = now_ns();
        uint32_t rr = 0; double gap_ns = rate > 0 ? 1e9 / rate : 0; uint64_t k = 0;
        if (rate <= 0)
            for (int w = 0; w < window_; w++)
                for (uint32_t i = 0; i < nflows; i++)
                    if (!(pingpong && mode == MODE_DM && (i & 1))) flow_send(i, now_ns());
        while (completed < total_msgs) {
            uint64_t t = now_ns();
            if (t > deadline || t - last_rx > (uint64_t)(stall_s * 1e9)) { timed_out = true; break; }
            if (rate > 0) {
                while (k < total_msgs) {
                    uint64_t due = t_first + (uint64_t)(k * gap_ns);
                    if (due > t) break;
                    if (inflight >= (uint64_t)max_inflight) { stalls++; break; }
                    flow_send(rr, due); rr = (rr + 1) % nflows; k++;
                }
                uint64_t due = t_first + (uint64_t)(k * gap_ns); t = now_ns();
                pump(k < total_msgs ? (due > t ? (int64_t)(due - t) : 0) : 100000000);
            } else pump(100000000);
        }
        b = get_usage(); lb = self_cpu();
        reads = n_reads; rbytes = n_bytes;
        elapsed = (t_last - t_first) / 1e9;
        for (uint64_t end = now_ns() + LATE_MS * 1000000ull; now_ns() < end;) pump(10000000);
        measuring = false;
    }
    close_all();

    uint64_t expected = 0;
    for (uint32_t i = 0; i < nflows; i++) expected += (uint64_t)F[i].expect * (uint64_t)msgs;
    uint64_t lost = expected - received;
    double M = received / 1e6;
    bool clean = ok && !timed_out && !lost && !dups && !gap && !foreign && !n_dead && !n_refused;
    static const char *mn[] = { "fanout", "dm", "storm", "idle" };
    printf("{\"label\":\"%s\",\"mode\":\"%s\",\"transport\":\"%s\",\"caps\":%s,\"conns\":%d,", label, mn[mode], ws ? "ws" : "tcp", caps ? "true" : "false", N);
    printf("\"ok\":%s,\"ready\":%lu,\"disconnects\":%lu,\"refused\":%lu,\"first_error\":\"%s\",",
           clean ? "true" : "false", n_ready, n_dead, n_refused, first_error);
    printf("\"connect_s\":%.4f,\"conns_per_s\":%.1f,\"register_p50_us\":%.1f,\"register_p99_us\":%.1f,\"storm_cpu_s\":%.4f,\"storm_core_busy_s\":%.2f,",
           connect_s, n_ready / connect_s, h_q(&reg, .5) / 1e3, h_q(&reg, .99) / 1e3, storm_cpu, storm_core);
    if (mode == MODE_FANOUT || mode == MODE_DM) {
        printf("\"rooms\":%d,\"members\":%d,\"senders\":%d,\"pairs\":%d,\"pingpong\":%s,\"window\":%d,\"msgs_per_sender\":%d,\"bytes\":%d,\"rate\":%.1f,",
               mode == MODE_FANOUT ? rooms : 0, mode == MODE_FANOUT ? members : 2, mode == MODE_FANOUT ? senders : 1, mode == MODE_DM ? pairs : 0,
               pingpong ? "true" : "false", window_, msgs, bytes_, rate);
        printf("\"timed_out\":%s,\"sent\":%lu,\"expected\":%lu,\"received\":%lu,\"lost\":%lu,\"duplicates\":%lu,\"gaps\":%lu,\"foreign\":%lu,\"paced_stalls\":%lu,",
               timed_out ? "true" : "false", sent_total, expected, received, lost, dups, gap, foreign, stalls);
        printf("\"elapsed_s\":%.4f,\"msgs_per_s\":%.1f,\"deliveries_per_s\":%.1f,", elapsed, elapsed ? completed / elapsed : 0, elapsed ? received / elapsed : 0);
        printf("\"deliveries_per_read\":%.2f,\"bytes_per_delivery\":%.1f,", reads ? (double)received / reads : 0, received ? (double)rbytes / received : 0);
        printf("\"lat_mean_us\":%.1f,\"lat_p50_us\":%.1f,\"lat_p99_us\":%.1f,\"lat_p999_us\":%.1f,\"lat_max_us\":%.1f,",
               lat.n ? lat.sum / lat.n / 1e3 : 0, h_q(&lat, .5) / 1e3, h_q(&lat, .99) / 1e3, h_q(&lat, .999) / 1e3, lat.max / 1e3);
        printf("\"server_cpu_s\":%.4f,\"server_user_s\":%.2f,\"server_sys_s\":%.2f,\"core_busy_s\":%.2f,\"core_softirq_s\":%.2f,\"loadgen_cpu_s\":%.4f,",
               b.cpu - a.cpu, b.user - a.user, b.sys - a.sys, b.core_busy - a.core_busy, b.core_soft - a.core_soft, lb - la);
        printf("\"server_cpu_s_per_M\":%.4f,\"server_cpu_frac\":%.3f,\"loadgen_cpu_frac\":%.3f,",
               M ? (b.cpu - a.cpu) / M : 0, elapsed ? (b.cpu - a.cpu) / elapsed : 0, elapsed ? (lb - la) / elapsed : 0);
    }
    if (mode == MODE_IDLE)
        printf("\"joined\":%lu,\"idle_cpu_frac\":%.5f,\"rss_before_kb\":%ld,\"rss_after_kb\":%ld,\"rss_bytes_per_conn\":%.1f,",
               n_joined, elapsed ? (b.cpu - a.cpu) / elapsed : 0, u0.rss_kb, b.rss_kb, (b.rss_kb - u0.rss_kb) * 1024.0 / N);
    printf("\"rss_kb\":%ld,\"peak_rss_kb\":%ld}\n", b.rss_kb, b.hwm_kb);
    return clean ? 0 : 1;
}
