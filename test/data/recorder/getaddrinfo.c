/* Looks up a name after another, as applications do: any family, one result per address. glibc or musl. */
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static const char *nameOf(int error) {
  switch (error) {
    case EAI_AGAIN: return "EAI_AGAIN";
    case EAI_NONAME: return "EAI_NONAME";
    case EAI_FAIL: return "EAI_FAIL";
#ifdef EAI_NODATA
    case EAI_NODATA: return "EAI_NODATA";
#endif
    default: return gai_strerror(error);
  }
}

int main(int count, char **names) {
  for (int i = 1; i < count; i++) {
    struct addrinfo hints, *found = NULL;
    struct timespec before, after;
    memset(&hints, 0, sizeof hints);
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    clock_gettime(CLOCK_MONOTONIC, &before);
    int error = getaddrinfo(names[i], "80", &hints, &found);
    clock_gettime(CLOCK_MONOTONIC, &after);
    double ms = (after.tv_sec - before.tv_sec) * 1e3 + (after.tv_nsec - before.tv_nsec) / 1e6;
    int a = 0, aaaa = 0;
    for (struct addrinfo *one = found; one != NULL; one = one->ai_next) {
      if (one->ai_family == AF_INET) a++;
      else aaaa++;
    }
    if (error == 0) printf("%d ok:%dxA+%dxAAAA %.1f\n", i, a, aaaa, ms);
    else printf("%d %s %.1f\n", i, nameOf(error), ms);
    fflush(stdout);
    if (found != NULL) freeaddrinfo(found);
  }
  return 0;
}
