// What the guest's format needs of a kernel, and a plain C face for the tests.
#include "host_pgtable.h"

#include <cacheflush.h>
#include <io-pgtable.h>
#include <iommu.h>
#include <mm.h>
#include <module.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(a, s) ((void)0)
#define ASAN_UNPOISON_MEMORY_REGION(a, s) ((void)0)
#endif

#define PAGE 4096u
#define PAGES 8192u

static _Alignas(4096) unsigned char arena[PAGES * PAGE];
static _Alignas(4096) unsigned char memory[PAGES * PAGE];  // behind the cache
static unsigned char used[PAGES];
static size_t pages_used;
static size_t pages_left = SIZE_MAX;
static size_t next_page;
static int incoherent;
static struct host_hooks hooks;

int host_init_module(void);
void host_cleanup_module(void);

phys_addr_t virt_to_phys(const volatile void* addr) {
  return (phys_addr_t)((const volatile unsigned char*)addr - arena) + host_arena_base;
}

void* phys_to_virt(phys_addr_t phys) { return arena + (phys - host_arena_base); }

unsigned long get_zeroed_page(unsigned gfp) {
  (void)gfp;
  if (pages_left == 0 || pages_used == PAGES) return 0;
  if (pages_left != SIZE_MAX) pages_left--;
  while (used[next_page]) next_page = (next_page + 1) % PAGES;
  used[next_page] = 1;
  pages_used++;
  unsigned char* page = arena + next_page * PAGE;
  // The next allocation takes another page: a stale pointer does not hit by luck.
  next_page = (next_page + 1) % PAGES;
  ASAN_UNPOISON_MEMORY_REGION(page, PAGE);
  memset(page, 0, PAGE);
  return (unsigned long)page;
}

void free_page(unsigned long addr) {
  size_t n = ((unsigned char*)addr - arena) / PAGE;
  if (hooks.page_freed) hooks.page_freed(hooks.context, virt_to_phys((void*)addr));
  if (!used[n]) abort();
  used[n] = 0;
  pages_used--;
  memset((void*)addr, 0xa5, PAGE);
  ASAN_POISON_MEMORY_REGION((void*)addr, PAGE);
}

void dcache_clean_poc(const void* addr, size_t size) {
  memcpy(memory + ((const unsigned char*)addr - arena), addr, size);
}

void host_set_incoherent(int on) {
  incoherent = on;
  memset(memory, 0xff, sizeof(memory));  // what is not cleaned is visibly wrong
}

uint64_t host_read_desc(uint64_t phys) {
  uint64_t desc;
  if (phys < host_arena_base || phys - host_arena_base > sizeof(arena) - sizeof(desc)) return 0;
  memcpy(&desc, (incoherent ? memory : arena) + (phys - host_arena_base), sizeof(desc));
  return desc;
}

size_t host_pages_in_use(void) { return pages_used; }

void host_limit_pages(size_t pages) { pages_left = pages; }

void host_set_hooks(const struct host_hooks* h) {
  static const struct host_hooks none;
  hooks = h ? *h : none;
}

// One module, the format's: who holds it.
#define HOLDERS 4
static struct {
  const void* holder;
  int count;
} references[HOLDERS];

int module_get_by(struct module* m, struct module* holder) {
  (void)m;
  for (int i = 0; i < HOLDERS; i++)
    if (references[i].holder == holder || references[i].count == 0) {
      references[i].holder = holder;
      references[i].count++;
      return 0;
    }
  return -ENOMEM;
}

void module_put_by(struct module* m, struct module* holder) {
  (void)m;
  for (int i = 0; i < HOLDERS; i++)
    if (references[i].holder == holder && references[i].count > 0) {
      references[i].count--;
      return;
    }
  abort();
}

int host_references(const void* user) {
  for (int i = 0; i < HOLDERS; i++)
    if (references[i].count > 0 && references[i].holder == user) return references[i].count;
  return 0;
}

int host_module_init(void) { return host_init_module(); }

void host_module_exit(void) { host_cleanup_module(); }

static void flush_all(void* cookie) {
  (void)cookie;
  if (hooks.flush_all) hooks.flush_all(hooks.context);
}

static void flush_walk(unsigned long iova, size_t size, size_t granule, void* cookie) {
  (void)cookie;
  if (hooks.flush_walk) hooks.flush_walk(hooks.context, iova, size, granule);
}

static void add_page(struct iommu_iotlb_gather* gather, unsigned long iova, size_t granule, void* cookie) {
  (void)gather;
  (void)cookie;
  if (hooks.add_page) hooks.add_page(hooks.context, iova, granule);
}

static const struct iommu_flush_ops flush_ops = {flush_all, flush_walk, add_page};

struct host_pgtable {
  struct io_pgtable_cfg cfg;
  struct io_pgtable_ops* ops;
};

int host_alloc(int fmt, const struct host_config* cfg, void* user, struct host_pgtable** out) {
  struct host_pgtable* t = calloc(1, sizeof(*t));
  t->cfg.ias = cfg->ias;
  t->cfg.oas = cfg->oas;
  t->cfg.pgsize_bitmap = cfg->pgsizes;
  t->cfg.coherent_walk = cfg->coherent;
  t->cfg.tlb = &flush_ops;
  int ret = alloc_io_pgtable_ops((enum io_pgtable_fmt)fmt, &t->cfg, t, user, &t->ops);
  if (ret) {
    free(t);
    t = NULL;
  }
  *out = t;
  return ret;
}

void host_free(struct host_pgtable* t) {
  free_io_pgtable_ops(t->ops);
  free(t);
}

uint64_t host_ttbr(const struct host_pgtable* t) { return t->cfg.arm_lpae_s1_cfg.ttbr; }

unsigned host_tsz(const struct host_pgtable* t) { return t->cfg.arm_lpae_s1_cfg.tcr.tsz; }

uint64_t host_pgsizes(const struct host_pgtable* t) { return t->cfg.pgsize_bitmap; }

uint64_t host_mair(const struct host_pgtable* t) { return t->cfg.arm_lpae_s1_cfg.mair; }

int host_map(struct host_pgtable* t, uint64_t iova, uint64_t pa, uint64_t pgsize, uint64_t count, int prot,
             uint64_t* mapped) {
  size_t bytes = 0;
  int ret = t->ops->map_pages(t->ops, iova, pa, pgsize, count, prot, &bytes);
  *mapped = bytes;
  return ret;
}

uint64_t host_unmap(struct host_pgtable* t, uint64_t iova, uint64_t pgsize, uint64_t count) {
  return t->ops->unmap_pages(t->ops, iova, pgsize, count, NULL);
}

uint64_t host_lookup(struct host_pgtable* t, uint64_t iova) { return t->ops->iova_to_phys(t->ops, iova); }

static struct io_pgtable* no_alloc(struct io_pgtable_cfg* cfg, void* cookie) {
  (void)cfg;
  (void)cookie;
  return NULL;
}

static void no_free(struct io_pgtable* iop) { (void)iop; }

int host_register_again(void) {
  static struct io_pgtable_init_fns_node node = {.fmt = ARM_64_LPAE_S1, .alloc = no_alloc, .free = no_free};
  return io_pgtable_register_format(&node);
}
