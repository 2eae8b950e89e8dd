// What the guest's formats need of a kernel.
#include "host_pgtable.h"

#include <atomic.h>
#include <cacheflush.h>
#include <device.h>
#include <mm.h>
#include <module.h>
#include <mutex.h>
#include <printk.h>
#include <slab.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(a, s) ((void)0)
#define ASAN_UNPOISON_MEMORY_REGION(a, s) ((void)0)
#endif

#define PAGE 4096u
#define PAGES 16384u
#define ALIGNMENT (1u << 20)

static _Alignas(ALIGNMENT) unsigned char arena[PAGES * PAGE];
static _Alignas(ALIGNMENT) unsigned char memory[PAGES * PAGE];  // what a walker sees, if not the arena
static unsigned char used[PAGES];
static size_t pages_used, next_page, objects;
static uint64_t arena_base;
static enum host_view view;
static struct host_hooks hooks;
static unsigned fail_countdown, allocations, gfp_seen, triggers;
static int locked, leaving;
static char messages[65536];
static size_t messages_size;

#define HOLDERS 4
static struct {
  const void* holder;
  int count;
} references[HOLDERS];

char host_module;

static void check(int condition, const char* what) {
  if (condition) return;
  fprintf(stderr, "host kernel: %s\n", what);
  abort();
}

void host_reset(void) {
  check(pages_used == 0 && objects == 0, "reset with memory in use");
  memset(references, 0, sizeof(references));
  host_set_hooks(NULL);
  arena_base = ALIGNMENT;
  view = host_coherent;
  fail_countdown = allocations = gfp_seen = triggers = 0;
  next_page = 0;
  leaving = 0;
  host_forget_messages();
}

void host_set_view(enum host_view v) {
  view = v;
  memset(memory, 0xff, sizeof(memory));  // what the walker should not see yet is visibly wrong
}

void host_set_hooks(const struct host_hooks* h) {
  static const struct host_hooks none;
  hooks = h ? *h : none;
}

void host_set_base(uint64_t base) { arena_base = base; }

int host_read(uint64_t phys, unsigned size, uint64_t* value) {
  *value = 0;
  if (phys < arena_base || phys - arena_base > sizeof(arena) - size) return 0;
  if (!used[(phys - arena_base) / PAGE]) return 0;
  memcpy(value, (view == host_coherent ? arena : memory) + (phys - arena_base), size);
  return 1;
}

// ---- memory

static int fails(gfp_t gfp) {
  allocations++;
  gfp_seen |= gfp;
  return fail_countdown && --fail_countdown == 0;
}

phys_addr_t virt_to_phys(const volatile void* addr) {
  return (phys_addr_t)((const volatile unsigned char*)addr - arena) + arena_base;
}

void* phys_to_virt(phys_addr_t phys) {
  check(phys >= arena_base && phys - arena_base < sizeof(arena), "physical address that is no page of tables");
  return arena + (phys - arena_base);
}

static int is_free(size_t page, size_t count) {
  if (page + count > PAGES) return 0;
  for (size_t i = 0; i < count; i++)
    if (used[page + i]) return 0;
  return 1;
}

unsigned long __get_free_pages(gfp_t gfp, unsigned order) {
  size_t count = (size_t)1 << order;
  check(gfp & __GFP_ZERO, "tables that are not zeroed");
  if (fails(gfp)) return 0;
  // The next allocation takes other pages: a stale pointer does not hit by luck.
  size_t page = (next_page + count - 1) & ~(count - 1);
  for (size_t tries = 0; !is_free(page, count); tries++) {
    if (tries > PAGES) return 0;
    page = page + 2 * count > PAGES ? 0 : page + count;
  }
  memset(used + page, 1, count);
  pages_used += count;
  next_page = page + count;
  unsigned char* address = arena + page * PAGE;
  ASAN_UNPOISON_MEMORY_REGION(address, count * PAGE);
  memset(address, 0, count * PAGE);
  memset(memory + page * PAGE, 0xff, count * PAGE);
  return (unsigned long)address;
}

void free_pages(unsigned long addr, unsigned order) {
  size_t count = (size_t)1 << order, page = ((unsigned char*)addr - arena) / PAGE;
  for (size_t i = 0; i < count; i++) {
    check(used[page + i], "page freed twice");
    if (hooks.page_freed) hooks.page_freed(hooks.context, virt_to_phys((void*)(addr + i * PAGE)));
    used[page + i] = 0;
  }
  pages_used -= count;
  memset((void*)addr, 0xa5, count * PAGE);
  ASAN_POISON_MEMORY_REGION((void*)addr, count * PAGE);
}

void* kzalloc(size_t size, gfp_t gfp) {
  if (fails(gfp)) return NULL;
  objects++;
  return calloc(1, size);
}

void kfree(void* p) {
  if (p) objects--;
  free(p);
}

size_t host_pages_in_use(void) { return pages_used; }
size_t host_objects_in_use(void) { return objects; }
void host_fail_allocation(unsigned n) { fail_countdown = n; }
unsigned host_allocations(void) { return allocations; }
unsigned host_gfp_seen(void) { return gfp_seen; }
void host_forget_gfp(void) { gfp_seen = 0; }

// ---- what a walker sees

void host_stored(const volatile void* p, size_t size) {
  if (view == host_weak) {
    size_t offset = (const volatile unsigned char*)p - arena;
    memcpy(memory + offset, arena + offset, size);
  }
  if (hooks.stored) hooks.stored(hooks.context);
}

void host_barrier(void) {
  if (view != host_weak) return;
  for (size_t i = 0; i < PAGES; i++)
    if (used[i]) memcpy(memory + i * PAGE, arena + i * PAGE, PAGE);
}

void dcache_clean_poc(const void* addr, size_t size) {
  memcpy(memory + ((const unsigned char*)addr - arena), addr, size);
}

// ---- the rest of the kernel

void host_mutex(int lock) {
  check(locked != lock, lock ? "mutex taken twice" : "mutex is not held");
  locked = lock;
}

void driver_deferred_probe_trigger(void) {
  check(!locked, "devices are probed under the lock that probing takes");
  triggers++;
}

unsigned host_deferred_triggers(void) { return triggers; }

int module_get_for(struct module* m, struct module* holder, const char* why) {
  (void)why;
  check(m == THIS_MODULE, "a module that does not exist");
  if (leaving) return -ENOENT;
  if (fails(0)) return -ENOMEM;
  for (int i = 0; i < HOLDERS; i++)
    if (references[i].count == 0 || references[i].holder == holder) {
      references[i].holder = holder;
      references[i].count++;
      return 0;
    }
  return -ENOMEM;
}

void module_put_for(struct module* m, struct module* holder, const char* why) {
  (void)m;
  (void)why;
  for (int i = 0; i < HOLDERS; i++)
    if (references[i].holder == holder && references[i].count > 0) {
      references[i].count--;
      return;
    }
  check(0, "reference that nobody holds");
}

int host_references(const void* holder) {
  for (int i = 0; i < HOLDERS; i++)
    if (references[i].count > 0 && references[i].holder == holder) return references[i].count;
  return 0;
}

void host_set_leaving(int on) { leaving = on; }

void host_log(const char* fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  int n = vsnprintf(messages + messages_size, sizeof(messages) - messages_size, fmt, ap);
  va_end(ap);
  messages_size += (size_t)n;
  if (messages_size >= sizeof(messages)) messages_size = sizeof(messages) - 1;
}

const char* host_messages(void) { return messages; }

void host_forget_messages(void) {
  messages_size = 0;
  messages[0] = 0;
}

int scnprintf(char* buf, size_t size, const char* fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  const int n = vsnprintf(buf, size, fmt, ap);
  va_end(ap);
  return size == 0 ? 0 : n < (int)size ? n : (int)size - 1;
}
