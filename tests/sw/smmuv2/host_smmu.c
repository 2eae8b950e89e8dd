// What the guest's SMMUv2 driver needs of a kernel and of an SMMU.
#include "host_smmu.h"

#include <arm-smmu.h>
#include <interrupt.h>
#include <of.h>
#include <platform_device.h>
#include <stdarg.h>
#include <stdlib.h>

#define PAGE 4096u
#define WINDOW (2 * host_pages * PAGE)
#define JOURNAL 4096

static struct host_options opt;
static _Alignas(PAGE) unsigned char window[WINDOW];
static struct host_write journal[JOURNAL];
static size_t written;
static unsigned busy;
static char messages[8192];
static bool taking;
static unsigned told;
static struct iommu_fault taken, taken_before;
static int tree_global, tree_lines;
static int bank_irqs[host_banks];

static struct io_pgtable gpu_tables;
static struct smmu2_model model;
static struct smmu2_device smmu;
static struct smmu2_bank banks[host_banks];
static struct smmu2_domain domains[host_banks];
static union {
  struct iommu_fwspec fwspec;
  char room[sizeof(struct iommu_fwspec) + sizeof(u32)];
} spec;
static struct device dev = {.name = "smmu"}, client = {.name = "client", .iommu = &spec.fwspec};
static union {
  struct smmu2_master master;
  char room[sizeof(struct smmu2_master) + 1];
} owner;

static void check(int condition, const char* what) {
  if (condition) return;
  fprintf(stderr, "host SMMU: %s\n", what);
  abort();
}

uint32_t host_bank(unsigned n) { return (host_pages + n) * PAGE; }

static u64 get(u32 offset, unsigned size) {
  u64 value = 0;
  memcpy(&value, window + offset, size);
  return value;
}

static void put(u32 offset, u64 value, unsigned size) { memcpy(window + offset, &value, size); }

static u32 offset_of(const volatile void* addr, unsigned size) {
  const size_t offset = (size_t)((const volatile unsigned char*)addr - window);
  check(offset + size <= WINDOW && offset % size == 0, "an access outside of the window, or not aligned");
  return (u32)offset;
}

static bool is_bank(u32 offset, u32 reg) { return offset >= host_bank(0) && offset % PAGE == reg; }

static u64 read_register(const volatile void* addr, unsigned size) {
  const u32 offset = offset_of(addr, size);
  if (offset == 0x74 || is_bank(offset, 0x7f4)) {  // TLBGSTATUS, TLBSTATUS
    if (busy && busy != ~0u) busy--;
    return busy != 0;
  }
  return get(offset, size);
}

static void write_register(u64 value, const volatile void* addr, unsigned size) {
  const u32 offset = offset_of(addr, size);
  check(written < JOURNAL, "the journal is full");
  journal[written++] = (struct host_write){offset, value, size};
  if (offset == 0x70 || is_bank(offset, 0x7f0)) {  // TLBGSYNC, TLBSYNC
    busy = opt.sync_reads;
  } else if (offset == 0x48) {  // GFSR: 1 clears
    put(offset, get(offset, 4) & ~value, 4);
  } else if (is_bank(offset, 0x58)) {  // FSR: 1 clears, but SS
    put(offset, get(offset, 4) & ~(value & ~0x40000000u), 4);
  } else if (is_bank(offset, 0x08)) {  // RESUME clears SS
    put(offset + 0x50, get(offset + 0x50, 4) & ~0x40000000u, 4);
  } else if (is_bank(offset, 0x00)) {  // SCTLR
    put(offset, opt.stalls ? value : value & ~0x80u, 4);
  } else if (offset >= 0x800 && offset < 0xa00) {  // SMR
    put(offset, value & (0x80000000u | opt.smr_bits << 16 | opt.smr_bits), 4);
  } else if (is_bank(offset, 0x04) && opt.mmu500) {  // ACTLR, behind ACR.CACHE_LOCK
    if (!(get(0x10, 4) & 1u << 26)) put(offset, value, 4);
  } else {
    put(offset, value, size);
  }
}

u32 readl(const volatile void* addr) { return (u32)read_register(addr, 4); }
u64 readq(const volatile void* addr) { return read_register(addr, 8); }
void writel(u32 value, volatile void* addr) { write_register(value, addr, 4); }
void writeq(u64 value, volatile void* addr) { write_register(value, addr, 8); }

uint32_t host_read(uint32_t offset) { return (u32)get(offset, 4); }
void host_poke(uint32_t offset, uint64_t value) { put(offset, value, value >> 32 ? 8 : 4); }
size_t host_writes(void) { return written; }
const struct host_write* host_write_at(size_t i) { return &journal[i]; }
void host_forget_writes(void) { written = 0; }
const char* host_messages(void) { return messages; }

void host_say(const char* fmt, ...) {
  const size_t used = strlen(messages);
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(messages + used, sizeof(messages) - used, fmt, ap);
  va_end(ap);
}

void host_spin(spinlock_t* l, int lock) {
  check(l->locked != lock, lock ? "a lock is taken twice" : "a lock is left that is not held");
  l->locked = lock;
}

void __set_bit(unsigned nr, unsigned long* addr) { addr[nr / 64] |= 1UL << (nr % 64); }
void __clear_bit(unsigned nr, unsigned long* addr) { addr[nr / 64] &= ~(1UL << (nr % 64)); }
unsigned long find_next_zero_bit(const unsigned long* addr, unsigned long size, unsigned long offset) {
  while (offset < size && addr[offset / 64] >> (offset % 64) & 1) offset++;
  return offset;
}

int scnprintf(char* buf, size_t size, const char* fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  const int n = vsnprintf(buf, size, fmt, ap);
  va_end(ap);
  return n < (int)size ? n : (int)size - 1;
}

int devm_request_irq(struct device* d, unsigned irq, irq_handler_t handler, unsigned long flags,
                     const char* name, void* id) {
  (void)d, (void)handler, (void)flags, (void)name;
  for (unsigned n = 0; n < host_banks; n++)
    if (id == &banks[n]) bank_irqs[n] = (int)irq;
  return 0;
}
char* devm_kasprintf(struct device* d, unsigned gfp, const char* fmt, ...) {
  (void)d, (void)gfp, (void)fmt;
  return messages;
}
bool of_device_is_compatible(const struct device_node* np, const char* compatible) {
  return (void)np, strcmp(compatible, "qcom,adreno") == 0;
}
int of_property_read_u32(const struct device_node* np, const char* name, u32* out) {
  (void)np, (void)name;
  if (tree_global < 0) return -EINVAL;
  *out = (u32)tree_global;
  return 0;
}
int platform_irq_count(struct platform_device* pdev) { return (void)pdev, tree_lines; }
int platform_get_irq(struct platform_device* pdev, unsigned num) { return (void)pdev, (int)num; }

bool smmu2_has_stream(const struct smmu2_master* m, u32 sid) { return m == &owner.master && sid == 7; }

void iommu_report_device_fault(struct device* d, const struct iommu_fault* fault) {
  (void)d, (void)fault;
  told++;
}
bool iommu_report_page_fault(struct device* d, const struct iommu_fault* fault) {
  (void)d;
  taken_before = taken;
  taken = *fault;
  return taking;
}

void host_start(const struct host_options* options) {
  u64 x = 0x9e3779b97f4a7c15u;
  opt = *options;
  for (u32 i = 0; i < WINDOW; i += 8) {
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    put(i, x, 8);
  }
  put(0x00, opt.found_cr0, 4);
  put(0x3c, opt.mmu500 ? 0x20 : 0, 4);
  for (unsigned n = 0; n < host_banks; n++)
    put(host_bank(n) + 0x58, get(host_bank(n) + 0x58, 4) & ~0x40000000u, 4);
  written = 0;
  busy = 0;
  told = 0;
  taking = false;
  messages[0] = 0;
  memset(&smmu, 0, sizeof(smmu));
  memset(banks, 0, sizeof(banks));
  memset(domains, 0, sizeof(domains));
  memset(&owner, 0, sizeof(owner));
  memset(&gpu_tables, 0, sizeof(gpu_tables));
  model = (struct smmu2_model){SMMU2_V2, opt.mmu500, false};
  smmu.dev = &dev;
  smmu.base = window;
  smmu.model = &model;
  smmu.page_shift = 12;
  smmu.cb_page = host_pages;
  smmu.stage1 = smmu.stage2 = smmu.nested = true;
  smmu.stream_match = true;
  smmu.exid = opt.exid;
  smmu.num_streams = host_streams;
  smmu.stream_ids = opt.exid ? 0xffff : 0x7fff;
  smmu.num_banks = host_banks;
  smmu.num_context_irqs = host_banks;
  smmu.banks = banks;
  INIT_LIST_HEAD(&smmu.masters);
  for (unsigned n = 0; n < host_banks; n++) {
    banks[n].smmu = &smmu;
    banks[n].index = n;
  }
  spec.fwspec.priv = &owner.master;
  owner.master.smmu = &smmu;
  owner.master.dev = &client;
  list_add_tail(&owner.master.node, &smmu.masters);
}

int host_driver_reset(void) { return smmu2_reset(&smmu); }
int host_driver_enable(void) { return smmu2_enable(&smmu); }
int host_driver_close(void) { return smmu2_close(&smmu); }
uint32_t host_driver_smr_mask(void) { return smmu.smr_mask; }
int host_driver_stall_model(void) { return smmu.stall_model; }

int host_driver_open(int stage, int format) {
  const struct io_pgtable_cfg cfg = {.ias = 32};
  struct smmu2_bank* bank = smmu2_bank_alloc(&smmu, stage == 2 ? SMMU2_STAGE_2 : SMMU2_STAGE_1);
  struct smmu2_domain* dom;
  struct smmu2_regs regs;

  if (!bank) return -1;
  dom = &domains[bank->index];
  dom->smmu = &smmu;
  dom->stage = stage == 2 ? SMMU2_STAGE_2 : SMMU2_STAGE_1;
  dom->format = (enum smmu2_format)format;
  dom->bank = bank;
  dom->asid = bank->index + 1;
  bank->dom = dom;
  if (stage == 2)
    smmu2_describe_s2(dom, &cfg, &regs);
  else
    smmu2_describe_s1(dom, &cfg, &regs);
  smmu2_bank_write(bank, &regs);
  return (int)bank->index;
}

void host_driver_shut(int bank) {
  smmu2_bank_close(&banks[bank]);
  smmu2_tlb_inv_domain(&domains[bank]);
  smmu2_bank_free(&banks[bank]);
}

void host_driver_gpu(void) {
  struct smmu2_domain* dom = &domains[SMMU2_GPU_BANK];
  struct io_pgtable_cfg* cfg = &gpu_tables.cfg;
  struct smmu2_regs regs;

  model.adreno = true;
  *cfg = (struct io_pgtable_cfg){.quirks = IO_PGTABLE_QUIRK_ARM_TTBR1, .ias = 48};
  cfg->arm_lpae_s1_cfg.ttbr = 0x41000000;
  cfg->arm_lpae_s1_cfg.mair = 1;
  cfg->arm_lpae_s1_cfg.tcr.ips = 1;
  cfg->arm_lpae_s1_cfg.tcr.tg = 2;
  cfg->arm_lpae_s1_cfg.tcr.tsz = 16;
  dom->smmu = &smmu;
  dom->stage = SMMU2_STAGE_1;
  dom->split = true;
  dom->asid = SMMU2_GPU_BANK + 1;
  dom->pgtbl = &gpu_tables.ops;
  dom->bank = smmu2_bank_take(&smmu, SMMU2_GPU_BANK);
  dom->bank->dom = dom;
  owner.master.domain = dom;
  smmu2_describe_split(dom, cfg, NULL, 0, &regs);
  smmu2_bank_write(dom->bank, &regs);
}

int host_gpu_ttbr0(uint64_t ttbr, uint64_t mair, uint32_t ips, uint32_t asid) {
  struct io_pgtable_cfg cfg = {.ias = 48};

  cfg.arm_lpae_s1_cfg.ttbr = ttbr;
  cfg.arm_lpae_s1_cfg.mair = mair;
  cfg.arm_lpae_s1_cfg.tcr.ips = ips;
  cfg.arm_lpae_s1_cfg.tcr.tsz = 16;
  return smmu2_adreno_ops.set_ttbr0_cfg(&client, &cfg, asid);
}
int host_gpu_no_ttbr0(void) { return smmu2_adreno_ops.set_ttbr0_cfg(&client, NULL, 0); }
int host_gpu_ttbr1(uint64_t* ttbr) {
  struct io_pgtable_cfg cfg;
  const int ret = smmu2_adreno_ops.get_ttbr1_cfg(&client, &cfg);

  if (!ret) *ttbr = cfg.arm_lpae_s1_cfg.ttbr;
  return ret;
}
int host_gpu_asid(void) { return smmu2_adreno_ops.asid_alloc(&client); }
void host_gpu_asid_free(uint32_t asid) { smmu2_adreno_ops.asid_free(&client, asid); }
int host_gpu_forget(uint32_t asid) { return smmu2_adreno_ops.tlb_inv_asid(&client, asid); }
uint64_t host_gpu_fault(uint64_t* ttbr0, uint64_t* far) {
  struct adreno_smmu_fault fault;

  smmu2_adreno_ops.get_fault(&client, &fault);
  *ttbr0 = fault.ttbr0;
  *far = fault.far;
  return fault.count;
}

bool host_driver_handle(int bank) { return smmu2_handle_bank(&banks[bank]); }
void host_driver_stall(int bank, bool on) { smmu2_bank_set_stalls(&banks[bank], on); }
void host_driver_takes(bool takes) { taking = takes; }
void host_driver_answer(bool retry) {
  smmu2_page_response(&client, &taken, retry ? IOMMU_PAGE_RETRY : IOMMU_PAGE_ABORT);
}
void host_driver_answer_late(void) { smmu2_page_response(&client, &taken_before, IOMMU_PAGE_RETRY); }
unsigned host_driver_told(void) { return told; }

int host_driver_irqs(int global, int lines) {
  tree_global = global;
  tree_lines = lines;
  for (unsigned n = 0; n < host_banks; n++) bank_irqs[n] = -1;
  return smmu2_setup_irqs(&smmu);
}
int host_irq_of(int bank) { return bank_irqs[bank]; }

int host_driver_features(uint32_t idr0, uint32_t idr1, uint32_t idr2, const char* wanted,
                         struct host_features* found) {
  struct smmu2_bits bits;
  int ret;

  put(0x20, idr0, 4), put(0x24, idr1, 4), put(0x28, idr2, 4);
  ret = smmu2_read_features(&smmu, WINDOW);
  if (!ret) ret = smmu2_choose_format(&smmu, wanted);
  if (ret) return ret;
  smmu2_bits_in_use(&smmu, &bits);
  *found = (struct host_features){smmu.stage1, smmu.stage2, smmu.nested,
                                  bits.input,  bits.ipa,    bits.output,
                                  smmu2_format_names[smmu.format]};
  return 0;
}
