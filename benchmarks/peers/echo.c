/* The generator's measure: an echo that is as fast as the kernel lets one core be.
 *
 *   echo SECONDS
 *
 * It says `ready PORT`, then sends everything back, a burst for each two system calls, until a signal
 * comes or the seconds are over. Errors: one line, status 1.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BURST = 32, LARGEST = 2048, BUFFER_BYTES = 4 << 20 };

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int listening_socket(void) {
    int bound = socket(AF_INET, SOCK_DGRAM, 0), buffer = BUFFER_BYTES;
    struct sockaddr_in own = {.sin_family = AF_INET};
    socklen_t length = sizeof own;
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bound < 0 || setsockopt(bound, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer) ||
        bind(bound, (struct sockaddr *)&own, sizeof own) ||
        getsockname(bound, (struct sockaddr *)&own, &length))
        fail("echo: a socket");
    printf("ready %d\n", ntohs(own.sin_port));
    fflush(stdout);
    return bound;
}

int main(int number, char **words) {
    static char room[BURST][LARGEST];
    struct sockaddr_in senders[BURST];
    struct iovec parts[BURST];
    struct mmsghdr messages[BURST];
    if (number != 2) {
        fputs("echo: usage: echo SECONDS\n", stderr);
        return 1;
    }
    alarm((unsigned)atoi(words[1]));
    int bound = listening_socket();
    for (;;) {
        for (int i = 0; i < BURST; i++) {
            parts[i] = (struct iovec){room[i], LARGEST};
            messages[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &senders[i],
                                                       .msg_namelen = sizeof senders[i],
                                                       .msg_iov = &parts[i],
                                                       .msg_iovlen = 1}};
        }
        int got = recvmmsg(bound, messages, BURST, MSG_WAITFORONE, NULL);
        if (got < 0) fail("echo: receiving");
        for (int i = 0; i < got; i++) parts[i].iov_len = messages[i].msg_len;
        /* What the kernel does not take is lost; the generator asks again. */
        sendmmsg(bound, messages, (unsigned)got, 0);
    }
}
