// The guest's PCI core on a host: configuration space is whatever the test answers.
#pragma once
#ifdef GUEST_SOURCES
#include <types.h>
typedef u8 uint8_t;
typedef u32 uint32_t;
typedef u64 uint64_t;
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

struct host_config_space {
  void* context;
  uint32_t (*read)(void* context, unsigned bus, unsigned devfn, unsigned where, unsigned size);
  void (*write)(void* context, unsigned bus, unsigned devfn, unsigned where, unsigned size, uint32_t value);
};

struct host_window {
  uint64_t pci, cpu, size;
  bool prefetch;
};

struct host_bar {
  uint64_t cpu, pci, size;
  bool assigned;
};

enum { host_max_aliases = 40 };

struct host_function {
  unsigned bus, devfn;
  unsigned number, last;  // of the bus below a bridge; 0: it is none, or was left out
  unsigned root_bus, root_devfn;
  unsigned aliases[host_max_aliases];
  unsigned num_aliases;
  bool path_enabled;
  struct host_bar bars[6];
};

// Finds all that is there; false: no memory. Afterwards whatever isolates is on.
bool host_pci_probe(const struct host_config_space* space, unsigned first_bus, unsigned last_bus,
                    const struct host_window* windows, unsigned num_windows);
unsigned host_pci_count(void);
void host_pci_function(unsigned i, struct host_function* out);
// Takes it away; the number of allocations that are left behind.
unsigned host_pci_remove(void);

// "ats-supported" of the host, and the functions of pci-ats.h: what each returns, true as 1.
enum host_ats {
  host_enable_ats,
  host_disable_ats,
  host_enable_pri,
  host_disable_pri,
  host_reset_pri,
  host_stopped,
  host_response_has_pasid,
  host_enable_pasid,
  host_disable_pasid,
  host_max_pasids,
  host_pasid_features,
};
void host_pci_ats_supported(bool supported);
int host_pci_ats(unsigned i, enum host_ats what, unsigned argument);

// What an oracle has no other way to know: the n-th allocation from now fails; 0: none.
void host_pci_fail_allocation(unsigned n);

#ifdef __cplusplus
}
#endif
