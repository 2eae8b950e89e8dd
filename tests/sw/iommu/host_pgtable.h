// A kernel for the guest's page-table formats on a host: its memory is an arena whose pages lie at chosen
// physical addresses, so that a reader that knows nothing of the guest can walk the tables.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// What a walker sees of stores.
enum host_view {
  host_coherent,    // everything at once
  host_weak,        // WRITE_ONCE() at once, other stores only from the next barrier on
  host_incoherent,  // only what was cleaned to the point of coherency
};

struct host_hooks {
  void (*page_freed)(void* context, uint64_t phys);
  void (*stored)(void* context);  // after each WRITE_ONCE()
  void* context;
};

// Forgets everything: no page used, default view and addresses, no hook, no failure.
void host_reset(void);
void host_set_view(enum host_view view);
void host_set_hooks(const struct host_hooks* hooks);
// Physical address of the first page, a multiple of 1 MiB; 1 MiB after host_reset().
void host_set_base(uint64_t base);
// Reads 4 or 8 bytes as a walker does; 0 where there is no memory of the arena.
int host_read(uint64_t phys, unsigned size, uint64_t* value);

size_t host_pages_in_use(void);
size_t host_objects_in_use(void);  // by kzalloc()
// The n-th allocation from now (pages, objects, references to modules) fails; 0: none.
void host_fail_allocation(unsigned n);
// Allocations since host_reset(), and all flags they were made with, ORed.
unsigned host_allocations(void);
unsigned host_gfp_seen(void);
void host_forget_gfp(void);

// References that a holder has on the formats' module. The module is leaving: no more are given.
int host_references(const void* holder);
void host_set_leaving(int leaving);

unsigned host_deferred_triggers(void);
// What was logged since host_reset() or the last host_forget_messages().
const char* host_messages(void);
void host_forget_messages(void);

// The modules' init and exit functions, and their parameter `selftest`.
int host_init_arm(void);
void host_exit_arm(void);
int host_init_v7s(void);
void host_exit_v7s(void);
#ifdef __cplusplus
bool* host_param_selftest_arm();
bool* host_param_selftest_v7s();
#endif

#ifdef __cplusplus
}
#endif
