// The guest's page-table format on a host: its memory is an arena whose pages lie at chosen
// physical addresses, so that a reader that knows nothing of the guest can walk the tables.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct host_hooks {
  void (*flush_walk)(void* context, uint64_t iova, uint64_t size, uint64_t granule);
  void (*add_page)(void* context, uint64_t iova, uint64_t granule);
  void (*flush_all)(void* context);
  void (*page_freed)(void* context, uint64_t phys);
  void* context;
};

struct host_config {
  unsigned ias;
  unsigned oas;
  uint64_t pgsizes;
  int coherent;
};

struct host_pgtable;

// Physical address of the first page of the arena.
enum { host_arena_base = 0x10000 };

int host_module_init(void);
void host_module_exit(void);
void host_set_hooks(const struct host_hooks* hooks);
// Writes of the CPU reach the walker only when cleaned, or at once.
void host_set_incoherent(int on);
uint64_t host_read_desc(uint64_t phys);
size_t host_pages_in_use(void);
// Pages that may still be allocated; SIZE_MAX for no limit.
void host_limit_pages(size_t pages);

// 0 or a negative errno; the format is looked up in the registry, in the name of `user`.
int host_alloc(int fmt, const struct host_config* cfg, void* user, struct host_pgtable** out);
void host_free(struct host_pgtable* t);
uint64_t host_ttbr(const struct host_pgtable* t);
unsigned host_tsz(const struct host_pgtable* t);
uint64_t host_pgsizes(const struct host_pgtable* t);
uint64_t host_mair(const struct host_pgtable* t);
int host_map(struct host_pgtable* t, uint64_t iova, uint64_t pa, uint64_t pgsize, uint64_t count, int prot,
             uint64_t* mapped);
uint64_t host_unmap(struct host_pgtable* t, uint64_t iova, uint64_t pgsize, uint64_t count);
uint64_t host_lookup(struct host_pgtable* t, uint64_t iova);

// A second registration of the 64-bit stage 1 format; its errno.
int host_register_again(void);
// References that `user` holds on the format's module.
int host_references(const void* user);

#ifdef __cplusplus
}
#endif
