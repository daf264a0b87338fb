/* The load generator: sends datagrams that were made beforehand, and matches answers by their ids.
 *
 *   generator closed FILE PORT SOCKETS SECONDS WINDOW KEY_AT [REPLIES]
 *   generator paced  FILE PORT SOCKETS SECONDS RATE
 *
 * FILE is a row of (length: 2 bytes little-endian, datagram). `closed` keeps WINDOW datagrams
 * unanswered until each has its answer, repeating what gets none; `paced` sends RATE a second
 * (0: as many as it can), round and round, from a network of its own for each socket, and only
 * counts what comes back; it says `began` first, and SIGTERM ends it early. One JSON object of counts
 * on standard output is the result.
 *
 * Rules: an answer is known by 16 bytes: KEY_AT bytes from its start, or from its end where that is
 * negative, as in the datagram it answers. Everything ends after SECONDS. Errors: one line, status 1.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    KEY_BYTES = 16,
    BURST = 32,              /* datagrams a system call; also how many in a row one socket sends */
    LARGEST = 2048,
    MOST_SOCKETS = 1024,
    MOST_ATTEMPTS = 5,       /* then an unanswered datagram is lost, and counted */
    BUFFER_BYTES = 4 << 20,
};
static const uint64_t SECOND = 1000000000u;
static const uint64_t REPEAT_AFTER = 1000000000u;
static const uint64_t LOOK_EVERY = 50000000u;

struct item {
    const uint8_t *data;
    uint16_t length;
    uint8_t attempts;
    uint8_t is_over;
    uint64_t sent;
};

static struct item *items;
static uint32_t count;
static uint32_t *table; /* open addressing: an item's number + 1; 0 is free */
static uint32_t mask;
static long key_at;
static int sockets[MOST_SOCKETS];
static int socket_count;
static int waiter;
static FILE *replies;
static uint64_t answered, lost, repeated, unknown, doubled, sent;
static double *latencies;
static uint32_t latency_count;
static volatile sig_atomic_t is_ended;

static void fail(const char *what) {
    fprintf(stderr, "generator: %s: %s\n", what, errno ? strerror(errno) : "not as expected");
    exit(1);
}

static uint64_t now(void) {
    struct timespec moment;
    clock_gettime(CLOCK_MONOTONIC, &moment);
    return (uint64_t)moment.tv_sec * SECOND + (uint64_t)moment.tv_nsec;
}

static void *room(size_t number, size_t size) {
    void *found = calloc(number, size);
    if (!found) fail("memory");
    return found;
}

static void read_items(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END)) fail(path);
    size_t size = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = room(size + 1, 1);
    if (fread(bytes, 1, size, file) != size) fail(path);
    fclose(file);
    items = room(size / 2 + 1, sizeof *items);
    for (size_t at = 0; at + 2 <= size;) {
        uint16_t length = (uint16_t)(bytes[at] | bytes[at + 1] << 8);
        at += 2;
        if (length < KEY_BYTES || length > LARGEST || at + length > size) fail("a length in the file");
        items[count].data = bytes + at;
        items[count++].length = length;
        at += length;
    }
    if (!count) fail("an empty file");
}

/* Give the 16 bytes by which a datagram is known, or NULL if it is too short to have them. */
static const uint8_t *key_of(const uint8_t *data, size_t length) {
    size_t distance = (size_t)(key_at < 0 ? -key_at : key_at + KEY_BYTES);
    if (length < distance) return NULL;
    return key_at < 0 ? data + length - distance : data + key_at;
}

static uint32_t slot_of(const uint8_t *key) {
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (int i = 0; i < KEY_BYTES; i++) hash = (hash ^ key[i]) * 1099511628211u;
    return (uint32_t)(hash ^ hash >> 32) & mask;
}

static void index_items(void) {
    mask = 1;
    while (mask < 2 * count) mask <<= 1;
    table = room(mask, sizeof *table);
    mask--;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *key = key_of(items[i].data, items[i].length);
        if (!key) fail("a datagram without a key");
        uint32_t slot = slot_of(key);
        while (table[slot]) slot = (slot + 1) & mask;
        table[slot] = i + 1;
    }
}

static struct item *find(const uint8_t *data, size_t length) {
    const uint8_t *key = key_of(data, length);
    if (!key) return NULL;
    for (uint32_t slot = slot_of(key); table[slot]; slot = (slot + 1) & mask) {
        struct item *item = &items[table[slot] - 1];
        if (!memcmp(key_of(item->data, item->length), key, KEY_BYTES)) return item;
    }
    return NULL;
}

static void open_sockets(int port, int wanted, int many_networks) {
    if (wanted < 1 || wanted > MOST_SOCKETS) fail("the number of sockets");
    waiter = epoll_create1(0);
    if (waiter < 0) fail("epoll");
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (socket_count = 0; socket_count < wanted; socket_count++) {
        int one = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), buffer = BUFFER_BYTES;
        struct sockaddr_in own = {.sin_family = AF_INET};
        /* 127.0.1.1, 127.0.2.1, ...: to a throttle each is another network. */
        uint32_t host = many_networks ? 0x7f000001u + ((uint32_t)socket_count << 8) : INADDR_LOOPBACK;
        own.sin_addr.s_addr = htonl(host);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = one};
        if (one < 0 || setsockopt(one, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer) ||
            bind(one, (struct sockaddr *)&own, sizeof own) ||
            connect(one, (struct sockaddr *)&server, sizeof server) ||
            epoll_ctl(waiter, EPOLL_CTL_ADD, one, &event))
            fail("a socket");
        sockets[socket_count] = one;
    }
}

/* Send items first, first + 1, ..., round and round; give how many the kernel took. */
static uint32_t send_items(int from, uint32_t first, uint32_t number) {
    struct mmsghdr messages[BURST] = {0};
    struct iovec parts[BURST];
    for (uint32_t i = 0; i < number; i++) {
        struct item *item = &items[(first + i) % count];
        parts[i] = (struct iovec){(void *)item->data, item->length};
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    int taken = sendmmsg(from, messages, number, 0);
    if (taken > 0) sent += (uint64_t)taken;
    return taken > 0 ? (uint32_t)taken : 0; /* a refusal or a full buffer: tried again */
}

static void take_answer(const uint8_t *data, size_t length, uint64_t moment) {
    struct item *item = find(data, length);
    if (!item) {
        unknown++;
    } else if (item->is_over) {
        doubled++;
    } else {
        item->is_over = 1;
        answered++;
        if (item->attempts == 1) latencies[latency_count++] = (double)(moment - item->sent) / 1e3;
        if (replies) {
            uint32_t number = (uint32_t)(item - items);
            uint16_t short_length = (uint16_t)length;
            fwrite(&number, sizeof number, 1, replies);
            fwrite(&short_length, sizeof short_length, 1, replies);
            fwrite(data, 1, length, replies);
        }
    }
}

/* Read what has come, after at most `wait` ms; without a table it is only counted. */
static void receive(int wait) {
    static uint8_t room_for[BURST][LARGEST];
    struct mmsghdr messages[BURST];
    struct iovec parts[BURST];
    struct epoll_event events[MOST_SOCKETS];
    int ready = epoll_wait(waiter, events, MOST_SOCKETS, wait);
    for (int i = 0; i < ready; i++) {
        for (int j = 0; j < BURST; j++) {
            parts[j] = (struct iovec){room_for[j], LARGEST};
            messages[j] = (struct mmsghdr){.msg_hdr = {.msg_iov = &parts[j], .msg_iovlen = 1}};
        }
        int got = recvmmsg(events[i].data.fd, messages, BURST, MSG_DONTWAIT, NULL);
        uint64_t moment = now();
        for (int j = 0; j < got; j++) {
            if (table) take_answer(room_for[j], messages[j].msg_len, moment);
            else answered++;
        }
    }
}

/* Send again what has waited for long; what was sent often enough is lost. */
static void repeat(uint32_t oldest, uint32_t next, uint64_t moment) {
    for (uint32_t i = oldest; i < next; i++) {
        struct item *item = &items[i];
        if (item->is_over || moment - item->sent < REPEAT_AFTER) continue;
        if (item->attempts >= MOST_ATTEMPTS) {
            item->is_over = 1;
            lost++;
        } else if (send_items(sockets[i / BURST % (uint32_t)socket_count], i, 1)) {
            item->attempts++;
            item->sent = moment;
            repeated++;
        }
    }
}

static uint64_t run_closed(uint64_t end, uint32_t window) {
    uint32_t next = 0, oldest = 0;
    uint64_t looked = now(), last = looked;
    latencies = room(count, sizeof *latencies);
    while (answered + lost < count && last < end) {
        while (next < count && next - (answered + lost) < window) {
            uint32_t number = BURST - next % BURST; /* to the end of this socket's turn */
            uint32_t free_places = window - (uint32_t)(next - (answered + lost));
            if (number > free_places) number = free_places;
            if (number > count - next) number = count - next;
            uint64_t moment = now();
            uint32_t taken = send_items(sockets[next / BURST % (uint32_t)socket_count], next, number);
            for (uint32_t i = 0; i < taken; i++) {
                items[next + i].sent = moment;
                items[next + i].attempts = 1;
            }
            next += taken;
            if (taken < number) break;
        }
        receive(10);
        last = now();
        if (last - looked > LOOK_EVERY) {
            while (oldest < next && items[oldest].is_over) oldest++;
            repeat(oldest, next, last);
            looked = last;
        }
    }
    lost = count - answered; /* what nobody waited for counts too */
    return last;
}

static void end_early(int number) {
    (void)number;
    is_ended = 1;
}

static uint64_t run_paced(uint64_t began, uint64_t end, double rate) {
    uint32_t turn = 0;
    uint64_t moment = began;
    puts("began");
    fflush(stdout);
    while (moment < end && !is_ended) {
        double due = rate > 0 ? rate * (double)(moment - began) / 1e9 - (double)sent : BURST;
        if (due < 1) {
            receive(1);
        } else {
            uint32_t number = due < BURST ? (uint32_t)due : BURST;
            send_items(sockets[turn++ % (uint32_t)socket_count], (uint32_t)(sent % count), number);
            if (turn % 8 == 0) receive(0);
        }
        moment = now();
    }
    return moment;
}

static int by_size(const void *one, const void *other) {
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

static double quantile(double part) {
    return latency_count ? latencies[(uint32_t)(part * (latency_count - 1))] : 0;
}

static double cpu_seconds(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void report(uint64_t began, uint64_t ended, double cpu) {
    qsort(latencies, latency_count, sizeof *latencies, by_size);
    printf("{\"sent\": %ju, \"answered\": %ju, \"lost\": %ju, \"repeated\": %ju, \"unknown\": %ju, "
           "\"doubled\": %ju, \"seconds\": %.6f, \"cpu_seconds\": %.6f, \"median_us\": %.2f, "
           "\"p99_us\": %.2f, \"p999_us\": %.2f}\n",
           (uintmax_t)sent, (uintmax_t)answered, (uintmax_t)lost, (uintmax_t)repeated,
           (uintmax_t)unknown, (uintmax_t)doubled, (double)(ended - began) / 1e9, cpu,
           quantile(0.5), quantile(0.99), quantile(0.999));
}

int main(int number, char **words) {
    int is_closed = number >= 8 && !strcmp(words[1], "closed");
    if (!is_closed && !(number == 7 && !strcmp(words[1], "paced"))) fail("usage");
    if (!is_closed) signal(SIGTERM, end_early);
    read_items(words[2]);
    open_sockets(atoi(words[3]), atoi(words[4]), !is_closed);
    if (is_closed) {
        key_at = atol(words[7]);
        index_items();
        if (number > 8 && !(replies = fopen(words[8], "wb"))) fail(words[8]);
    }
    double cpu = cpu_seconds();
    uint64_t began = now(), end = began + (uint64_t)(atof(words[5]) * 1e9);
    uint64_t ended = is_closed ? run_closed(end, (uint32_t)atoi(words[6]))
                               : run_paced(began, end, atof(words[6]));
    cpu = cpu_seconds() - cpu;
    if (replies && fclose(replies)) fail(words[8]);
    if (!latencies) latencies = room(1, sizeof *latencies);
    report(began, ended, cpu);
    return 0;
}
