/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segments of the loaded objects; see memory.h. A descriptor is a constant: what it points to lies in some
 * object's segments, not on a heap that only a constructor could have filled. It must never read through the
 * pointer it judges.
 */
#include "host/memory.h"

#include <link.h>
#include <stdint.h>
#include <string.h>

struct search {
    uintptr_t at;
    uint32_t flag; /* PF_R or PF_X */
    size_t room;
};

static int search_object(struct dl_phdr_info *info, size_t size, void *data)
{
    (void)size;
    struct search *s = data;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
        if (ph->p_type != PT_LOAD || !(ph->p_flags & s->flag))
            continue;
        uintptr_t begin = info->dlpi_addr + ph->p_vaddr;
        if (s->at >= begin && s->at - begin < ph->p_memsz) {
            s->room = ph->p_memsz - (s->at - begin);
            return 1;
        }
    }
    return 0;
}

size_t rlv_memory_room(const void *p, enum rlv_memory_use use)
{
    struct search s = {.at = (uintptr_t)p, .flag = use == RLV_MEMORY_CODE ? PF_X : PF_R};
    (void)dl_iterate_phdr(search_object, &s);
    return s.room;
}

bool rlv_memory_text(const char *p, size_t max, size_t *ret_len)
{
    size_t room = rlv_memory_room(p, RLV_MEMORY_DATA);
    if (room > max + 1)
        room = max + 1;
    const char *end = room ? memchr(p, '\0', room) : NULL;
    if (!end)
        return false;
    *ret_len = (size_t)(end - p);
    return true;
}
