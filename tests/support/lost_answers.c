/*
 * Carries a call of a file out and then says that it failed, as a file server does whose answer was lost: the client
 * sends the call again, and is answered that there is nothing to be done any more. To be preloaded into nsfarm-deno.
 *
 * NSFARM_LOST_CALL   rename, link, mkdir or unlink; empty: all of them are only noted
 * NSFARM_LOST_AT     the answer to the call of this number is lost, counted in each process from 1; 0: none is
 * NSFARM_LOST_LOG    every call is noted there: its process, the call, its (new) name
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_int calls;

static void note(const char *call, const char *path) {
  const char *log = getenv("NSFARM_LOST_LOG");
  char line[4096];
  int fd = log ? open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640) : -1;
  if (fd < 0) return;
  int length = snprintf(line, sizeof line, "%d %s %s\n", getpid(), call, path);
  if (write(fd, line, length) < 0) abort();
  close(fd);
}

/* What a call that came to `result` is answered. */
static int answer(const char *call, const char *path, int result, int second) {
  const char *lost = getenv("NSFARM_LOST_CALL"), *at = getenv("NSFARM_LOST_AT");
  if (strcmp(program_invocation_short_name, "nsfarm-deno") != 0 || !lost) return result;
  if (*lost && strcmp(lost, call) != 0) return result;
  int before = errno;
  note(call, path);
  errno = before;
  if (atomic_fetch_add(&calls, 1) + 1 != atoi(at ? at : "0") || result != 0) return result;
  errno = second;
  return -1;
}

#define REAL(name, ...) ((int (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

int rename(const char *from, const char *to) {
  return answer("rename", to, REAL("rename", const char *, const char *)(from, to), ENOENT);
}

int renameat(int a, const char *from, int b, const char *to) {
  return answer("rename", to, REAL("renameat", int, const char *, int, const char *)(a, from, b, to), ENOENT);
}

int renameat2(int a, const char *from, int b, const char *to, unsigned flags) {
  int done = REAL("renameat2", int, const char *, int, const char *, unsigned)(a, from, b, to, flags);
  return answer("rename", to, done, ENOENT);
}

int link(const char *from, const char *to) {
  return answer("link", to, REAL("link", const char *, const char *)(from, to), EEXIST);
}

int linkat(int a, const char *from, int b, const char *to, int flags) {
  int done = REAL("linkat", int, const char *, int, const char *, int)(a, from, b, to, flags);
  return answer("link", to, done, EEXIST);
}

int mkdir(const char *path, mode_t mode) {
  return answer("mkdir", path, REAL("mkdir", const char *, mode_t)(path, mode), EEXIST);
}

int mkdirat(int a, const char *path, mode_t mode) {
  return answer("mkdir", path, REAL("mkdirat", int, const char *, mode_t)(a, path, mode), EEXIST);
}

int unlink(const char *path) {
  return answer("unlink", path, REAL("unlink", const char *)(path), ENOENT);
}

int unlinkat(int a, const char *path, int flags) {
  return answer("unlink", path, REAL("unlinkat", int, const char *, int)(a, path, flags), ENOENT);
}
