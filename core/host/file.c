/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plugin's file before it is loaded; see file.h. The loader of the C library trusts what it maps: half a
 * file, as a copy under way leaves it, would end the process with SIGBUS instead of an error. So the headers
 * are read here first. It must never map or run anything.
 */
#include "host/file.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#if __SIZEOF_POINTER__ == 8
#define OUR_CLASS ELFCLASS64
#else
#define OUR_CLASS ELFCLASS32
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OUR_DATA ELFDATA2LSB
#else
#define OUR_DATA ELFDATA2MSB
#endif

#if defined(__x86_64__)
#define OUR_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define OUR_MACHINE EM_AARCH64
#elif defined(__riscv)
#define OUR_MACHINE EM_RISCV
#else
#define OUR_MACHINE EM_NONE /* not known here: left to the loader */
#endif

static int open_file(const char *path, int *ret_fd, struct stat *st, rlv_error *err)
{
    /* Not blocking, so that a FIFO put there by mistake does not stop us for ever. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return rlv_error_set(err, RLV_E_NOT_FOUND,
                             "%s: there is no such file: check `path`, or build the plugin", path);
    if (fd < 0)
        return rlv_error_set(err, RLV_E_REFUSED,
                             "%s: cannot be read (%s): give Relevo's user the right to read it", path,
                             strerror(errno));
    if (fstat(fd, st) != 0) {
        int code = rlv_error_set(err, RLV_E_REFUSED, "%s: cannot be looked at (%s)", path, strerror(errno));
        (void)close(fd);
        return code;
    }
    *ret_fd = fd;
    return RLV_OK;
}

static int check_mode(const char *path, const struct stat *st, rlv_error *err)
{
    if (!S_ISREG(st->st_mode))
        return rlv_error_set(err, RLV_E_REFUSED, "%s: is %s, a plugin is a regular file", path,
                             S_ISDIR(st->st_mode) ? "a folder" : "not a file");
    if (st->st_mode & S_IWOTH)
        return rlv_error_set(
            err, RLV_E_REFUSED,
            "%s: everybody may write it (mode %04o), so anybody could run code as Relevo: chmod o-w it", path,
            (unsigned)(st->st_mode & 07777));
    return RLV_OK;
}

static bool read_at(int fd, void *to, size_t len, uint64_t offset)
{
    return offset <= INT64_MAX && pread(fd, to, len, (off_t)offset) == (ssize_t)len;
}

/* Every piece that the loader would map must lie within the file. */
static int check_segments(const char *path, int fd, const ElfW(Ehdr) * eh, uint64_t size, rlv_error *err)
{
    for (unsigned i = 0; i < eh->e_phnum; i++) {
        ElfW(Phdr) ph;
        if (!read_at(fd, &ph, sizeof(ph), eh->e_phoff + i * sizeof(ph)))
            return rlv_error_set(err, RLV_E_REFUSED, "%s: ends in its program headers: copy the file again",
                                 path);
        if (ph.p_type == PT_LOAD && (ph.p_offset > size || ph.p_filesz > size - ph.p_offset))
            return rlv_error_set(
                err, RLV_E_REFUSED,
                "%s: has %llu bytes and speaks of %llu: it was cut short, copy the file again", path,
                (unsigned long long)size, (unsigned long long)(ph.p_offset + ph.p_filesz));
    }
    return RLV_OK;
}

static int check_elf(const char *path, int fd, uint64_t size, rlv_error *err)
{
    ElfW(Ehdr) eh;
    if (!read_at(fd, &eh, sizeof(eh), 0) || memcmp(eh.e_ident, ELFMAG, SELFMAG) != 0)
        return rlv_error_set(err, RLV_E_REFUSED, "%s: is not a shared object: name the plugin's .so", path);
    bool foreign = eh.e_ident[EI_CLASS] != OUR_CLASS || eh.e_ident[EI_DATA] != OUR_DATA ||
                   (OUR_MACHINE != EM_NONE && eh.e_machine != OUR_MACHINE);
    if (foreign)
        return rlv_error_set(err, RLV_E_REFUSED,
                             "%s: is built for another machine (ELF machine %u, this is %u): rebuild it here",
                             path, eh.e_machine, (unsigned)OUR_MACHINE);
    if (eh.e_type != ET_DYN || eh.e_phentsize != sizeof(ElfW(Phdr)))
        return rlv_error_set(err, RLV_E_REFUSED,
                             "%s: is an object file or a program, not a shared object: link it "
                             "with -shared",
                             path);
    return check_segments(path, fd, &eh, size, err);
}

static int hash_file(const char *path, int fd, char ret_sha256[RLV_FILE_SHA256], rlv_error *err)
{
    crypto_hash_sha256_state state;
    (void)crypto_hash_sha256_init(&state);
    unsigned char bytes[32 * 1024], digest[crypto_hash_sha256_BYTES];
    ssize_t n;
    while ((n = read(fd, bytes, sizeof(bytes))) > 0)
        (void)crypto_hash_sha256_update(&state, bytes, (unsigned long long)n);
    if (n < 0)
        return rlv_error_set(err, RLV_E_REFUSED, "%s: cannot be read (%s)", path, strerror(errno));
    (void)crypto_hash_sha256_final(&state, digest);
    (void)sodium_bin2hex(ret_sha256, RLV_FILE_SHA256, digest, sizeof(digest));
    return RLV_OK;
}

int rlv_file_check(const char *path, char ret_sha256[RLV_FILE_SHA256], rlv_error *err)
{
    int fd = -1;
    struct stat st;
    char hex[RLV_FILE_SHA256];
    int code = open_file(path, &fd, &st, err);
    if (code)
        return code;
    code = check_mode(path, &st, err);
    if (!code)
        code = check_elf(path, fd, (uint64_t)st.st_size, err);
    if (!code)
        code = hash_file(path, fd, hex, err);
    (void)close(fd);
    if (!code)
        memcpy(ret_sha256, hex, sizeof(hex));
    return code;
}
