// Registers of a Mali that behave as docs/mali.md says, as far as a driver can see, and a journal of what is
// written. The guest's driver runs on them, with a kernel of one thread; it shares nothing with the models.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct host_write {
  uint32_t offset;
  uint32_t value;
};

enum host_reset { host_reset_ends, host_reset_hard_only, host_reset_never };

struct host_options {
  uint32_t as_present;
  uint32_t js_present;
  unsigned as_reads;      // of AS_STATUS, for which AS_ACTIVE stays 1; ~0: commands do not end
  enum host_reset reset;  // which reset ends
  bool no_power;          // no core gets ready
  bool deaf;              // slots do not stop
  bool no_format;         // the page-table format is missing
  bool behind_iommu;
  unsigned lies;          // one read in so many is of anything; 0: none
  uint32_t mmu_features;  // 0: 48 bits of virtual and 40 of physical addresses
  uint32_t window;        // bytes of registers; 0: as many as there have to be
};

// Boots a kernel with the driver's module. At the end all is given back, but for what the GPU may have still:
// so many blocks of memory and sets of tables.
void host_start(const struct host_options* options);
void host_end_of_test(unsigned lost_blocks, unsigned lost_tables);
// The end of a kernel whose GPU has lied: whatever it has made the driver keep is given back.
void host_abandon(void);
void host_set(const struct host_options* options);
uint32_t host_read(uint32_t offset);
void host_poke(uint32_t offset, uint32_t value);
size_t host_writes(void);
const struct host_write* host_write_at(size_t i);
void host_forget_writes(void);
const char* host_messages(void);
unsigned host_tables(void);   // sets of page tables that live
unsigned host_holders(void);  // references to the driver's module
bool host_line(const char* name);

// Binding.
int host_probe(void);
void host_remove(void);

// What the driver offers to others; numbers stand for its objects, and are errors where they are negative.
int host_open(void);
void host_close(int client);
int host_buffer(int client, uint64_t addr, size_t size, size_t chunk, unsigned flags);
uint64_t host_buffer_addr(int buffer);
size_t host_buffer_present(int buffer);
void host_destroy(int buffer);
bool host_mapped(int client, uint64_t addr, int* prot);
int host_submit(int client, uint64_t head, unsigned slot, unsigned timeout_ms);
int host_result(int job);
uint32_t host_status(int job);
uint64_t host_stopped_at(int job);
uint64_t host_faults(int client);
void host_fail_allocation(unsigned n);  // the n-th from now on
int host_transtab_owner(unsigned as);   // the client whose tables are in use; -1: none
int host_client_of(unsigned slot);      // whose chain the driver has given to a slot; -1: nobody's
bool host_waits(unsigned slot);         // a chain is queued for it
void host_reset_gpu(void);

// What the GPU does: a chain ends, an access faults.
bool host_running(unsigned slot);
uint64_t host_head(unsigned slot);
unsigned host_as(unsigned slot);
void host_chain_ends(unsigned slot, uint32_t status, uint64_t tail);
void host_chain_is_at(unsigned slot, uint64_t tail);
void host_fault(unsigned as, bool bus, uint32_t status, uint64_t addr);

// Interrupts and works, until there is nothing to do; and time.
void host_pump(void);
void host_advance(unsigned ms);
// The timer that was set last expires on another CPU, where its function runs until somebody waits for it.
void host_timer_runs(void);

// Parts of the driver alone.
uint64_t host_lock_region(uint64_t start, uint64_t size);
const char* host_exception_name(uint32_t exception);
const char* host_fault_text(bool bus, uint32_t status, uint64_t addr);
bool host_is_hole(bool bus, uint32_t status);
void host_as_table(uint32_t present);
int host_as_take(int owner, int* evicted);  // owners are 1 and above; *evicted is 0 for none
void host_as_release(int as);
void host_as_forget(int owner);
int host_as_find(int owner);

struct host_desc {
  uint32_t word[16];
};
void host_desc_value(struct host_desc* d, uint16_t index, uint64_t addr, int kind, uint64_t value);
int host_desc_copy(struct host_desc* d, uint16_t index, uint64_t dst, uint64_t src, uint64_t size);
int host_desc_link(struct host_desc* d, uint64_t next);
unsigned host_value_size(int kind);

#ifdef __cplusplus
}
#endif
