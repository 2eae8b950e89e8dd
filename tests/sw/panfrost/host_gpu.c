// The GPU's side: registers that behave, by docs/mali.md.
#include "host_gpu.h"

#include <stdlib.h>
#include <wait.h>

#include "host_kernel.h"

#define WINDOW 0x4000u
#define JOURNAL 65536
#define AS_OF(offset) (((offset)-0x2400u) / 0x40u)
#define SLOT_OF(offset) (((offset)-0x1800u) / 0x80u)

static struct host_options opt;
static uint32_t regs[WINDOW / 4];
static struct host_write journal[JOURNAL];
static size_t written;
static struct {
  unsigned active;
  bool locked;
  uint64_t transtab;
} spaces[16];

static uint64_t noise;

// What holds of a GPU that does not lie.
static void rule(bool condition, const char* what) { host_check(condition || opt.lies, what); }

static uint32_t get(uint32_t offset) { return regs[offset / 4]; }
static void put(uint32_t offset, uint32_t value) { regs[offset / 4] = value; }
static uint64_t get64(uint32_t offset) { return get(offset) | (uint64_t)get(offset + 4) << 32; }
static void put64(uint32_t offset, uint64_t value) {
  put(offset, (uint32_t)value), put(offset + 4, (uint32_t)(value >> 32));
}

void* host_registers(void) { return regs; }
uint32_t host_window(void) { return opt.window ? opt.window : WINDOW; }
const struct host_options* host_get(void) { return &opt; }
void host_set(const struct host_options* options) { opt = *options; }
uint32_t host_read(uint32_t offset) { return get(offset); }
void host_poke(uint32_t offset, uint32_t value) { put(offset, value); }
size_t host_writes(void) { return written; }
const struct host_write* host_write_at(size_t i) { return &journal[i]; }
void host_forget_writes(void) { written = 0; }
uint64_t host_transtab(unsigned as) { return spaces[as].transtab; }

static void to_reset_values(void) {
  memset(regs, 0, sizeof(regs));
  memset(spaces, 0, sizeof(spaces));
  put(0x000, 0x08602000);
  put(0x014, opt.mmu_features ? opt.mmu_features : 0x2830);
  put(0x018, opt.as_present);
  put(0x01c, opt.js_present);
  for (unsigned n = 0; n < 16; n++)
    if (opt.js_present >> n & 1) put(0x0c0 + 4 * n, 0x8000000e);
  put(0x100, 0xf);
  put(0x110, 1);
  put(0x120, 1);
}

void host_power_up(const struct host_options* options) {
  opt = *options;
  noise = 0x9e3779b97f4a7c15u;
  to_reset_values();
  // Whatever was there before.
  put(0x1008, 0xffffffff), put(0x2008, 0xffffffff), put(0x028, 0xffffffff);
  written = 0;
}

bool host_line(const char* name) {
  const uint32_t block = strcmp(name, "job") == 0 ? 0x1000 : strcmp(name, "mmu") == 0 ? 0x2000 : 0x020;
  return (get(block) & get(block + 8)) != 0;
}

bool host_running(unsigned slot) { return get(0x1824 + 0x80 * slot) == 8; }
uint64_t host_head(unsigned slot) { return get64(0x1800 + 0x80 * slot); }
unsigned host_as(unsigned slot) { return get(0x1818 + 0x80 * slot) & 0xf; }

static void start_chain(unsigned slot) {
  const uint32_t js = 0x1800 + 0x80 * slot;
  if (get(js + 0x60) != 1 || host_running(slot) || get(0x1000) >> (slot + 16) & 1) return;
  rule(get(0x160), "a chain starts without power for the L2 cache");
  put64(js, get64(js + 0x40));
  put64(js + 8, get64(js + 0x40));
  put64(js + 0x10, get64(js + 0x50));
  put(js + 0x18, get(js + 0x58));
  put(js + 0x24, 8);
  put(js + 0x60, 0);
}

void host_chain_is_at(unsigned slot, uint64_t tail) { put64(0x1808 + 0x80 * slot, tail); }

void host_chain_ends(unsigned slot, uint32_t status, uint64_t tail) {
  host_check(host_running(slot), "a chain ends that does not run");
  put(0x1824 + 0x80 * slot, status);
  host_chain_is_at(slot, tail);
  put(0x1000, get(0x1000) | (status == 1 ? 1u : 0x10000u) << slot);
  start_chain(slot);
}

void host_fault(unsigned as, bool bus, uint32_t status, uint64_t addr) {
  const uint32_t base = 0x2400 + 0x40 * as;
  put(base + 0x1c, status);
  put64(base + 0x20, addr);
  put(0x2000, get(0x2000) | (bus ? 0x10000u : 1u) << as);
}

static void reset(uint32_t command) {
  const uint32_t end =
      opt.reset == host_reset_ends || (opt.reset == host_reset_hard_only && command == 2) ? 0x100 : 0;
  to_reset_values();
  put(0x020, end);
}

static void gpu_command(uint32_t command) {
  if (command == 1 || command == 2)
    reset(command);
  else if (command == 7 || command == 8)
    put(0x020, get(0x020) | 1u << 17);
}

// The job whose access waits in an address space that is unmapped now ends. Others end by their own next
// access.
static void end_by_unmap(unsigned as) {
  const uint32_t status = get(0x2400 + 0x40 * as + 0x1c);
  const unsigned slot = status >> 16 & 0xf;
  if (status && host_running(slot) && host_as(slot) == as)
    host_chain_ends(slot, (status & 0x300) == 0x300 ? 0x43 : 0x42, host_head(slot));
}

static void as_command(unsigned as, uint32_t command) {
  const uint32_t base = 0x2400 + 0x40 * as;
  rule(!spaces[as].active, "a command while AS_ACTIVE is 1");
  rule(as < 16 && (opt.as_present >> as & 1), "a command for an address space that there is not");
  spaces[as].active = opt.as_reads;
  if (opt.as_reads == ~0u) return;
  switch (command) {
    case 1:
      spaces[as].transtab = get64(base);
      if ((get(base) & 3) == 0) end_by_unmap(as);
      break;
    case 2:
      rule((get(base + 0x10) & 0x3f) >= 14, "a region below 32 KiB");
      spaces[as].locked = true;
      break;
    case 4:
    case 5:
      rule(spaces[as].locked, "a flush without a locked region");
      put(base + 0x1c, 0);
      spaces[as].locked = false;
      break;
    default:
      rule(false, "an unknown command of an address space");
  }
}

static void js_command(unsigned slot, uint32_t command) {
  if (!host_running(slot) || opt.deaf) return;
  if (command == 2) host_chain_ends(slot, 3, get64(0x1808 + 0x80 * slot));
  if (command == 3) host_chain_ends(slot, 4, get64(0x1808 + 0x80 * slot));
}

static void power(uint32_t offset, uint32_t value) {
  const uint32_t ready = offset < 0x1c0 ? offset - 0x40 : offset - 0x80;
  if (opt.no_power) return;
  put(ready, offset < 0x1c0 ? get(ready) | value : get(ready) & ~value);
}

static uint32_t offset_of(const volatile void* addr) {
  const size_t offset = (size_t)((const volatile unsigned char*)addr - (const volatile unsigned char*)regs);
  host_check(offset < WINDOW && offset % 4 == 0, "an access outside of the window, or not aligned");
  return (uint32_t)offset;
}

static uint32_t honest_read(uint32_t offset) {
  if (offset == 0x02c || offset == 0x100c || offset == 0x200c) return get(offset - 12) & get(offset - 4);
  if (offset >= 0x2400 && offset < 0x2800 && offset % 0x40 == 0x28) {
    const unsigned as = AS_OF(offset);
    const bool active = spaces[as].active != 0;
    if (active && spaces[as].active != ~0u) spaces[as].active--;
    return active;
  }
  return get(offset);
}

uint32_t readl(const volatile void* addr) {
  const uint32_t offset = offset_of(addr);
  if (opt.lies) {
    noise ^= noise << 13, noise ^= noise >> 7, noise ^= noise << 17;
    if ((noise >> 40) % opt.lies == 0) return (uint32_t)noise;
  }
  return honest_read(offset);
}

void writel(uint32_t value, volatile void* addr) {
  const uint32_t offset = offset_of(addr);
  rule(written < JOURNAL, "the journal is full");
  if (written < JOURNAL) journal[written++] = (struct host_write){offset, value};
  if (offset == 0x024 || offset == 0x1004 || offset == 0x2004) {
    put(offset - 4, get(offset - 4) & ~value);
    for (unsigned n = 0; offset == 0x1004 && n < 16; n++) start_chain(n);
  } else if (offset == 0x030) {
    gpu_command(value);
  } else if (offset >= 0x180 && offset < 0x200) {
    power(offset, value);
  } else if (offset >= 0x1800 && offset < 0x2000) {
    const unsigned slot = SLOT_OF(offset);
    rule(opt.js_present >> slot & 1, "a register of a slot that there is not");
    if (offset % 0x80 == 0x20) {
      js_command(slot, value);
    } else if (offset % 0x80 >= 0x40) {
      rule(get(0x1860 + 0x80 * slot) == 0, "a _NEXT register while a chain waits in them");
      put(offset, value);
      start_chain(slot);
    }
  } else if (offset >= 0x2400 && offset < 0x2800 && offset % 0x40 == 0x18) {
    as_command(AS_OF(offset), value);
  } else {
    put(offset, value);
  }
}
