// Registers of an SMMUv2 that behave as IHI 0062 says, as far as a driver can see, and a journal of what is
// written. The guest's driver runs on them; it shares nothing with the models.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { host_banks = 4, host_streams = 8, host_pages = 8 };

struct host_write {
  uint32_t offset;  // from the start of the window
  uint64_t value;
  unsigned size;
};

struct host_options {
  uint32_t smr_bits;    // that SMRs hold, ID and MASK alike
  uint32_t found_cr0;   // what an earlier user left
  unsigned sync_reads;  // reads for which GSACTIVE and SACTIVE stay 1; ~0: for ever
  bool stalls;          // CFCFG moves
  bool exid;
  bool mmu500;
};

// Everything else is filled with what a reset leaves: anything.
void host_start(const struct host_options* options);
uint32_t host_read(uint32_t offset);
void host_poke(uint32_t offset, uint64_t value);
size_t host_writes(void);
const struct host_write* host_write_at(size_t i);
void host_forget_writes(void);
const char* host_messages(void);

uint32_t host_bank(unsigned n);  // offset of a bank

int host_driver_reset(void);
int host_driver_enable(void);
int host_driver_close(void);
uint32_t host_driver_smr_mask(void);
int host_driver_stall_model(void);

// A domain with a bank: its number. Stage 1 or 2, format 0 to 2 as in the driver.
int host_driver_open(int stage, int format);
void host_driver_shut(int bank);
bool host_driver_handle(int bank);
void host_driver_stall(int bank, bool on);
// Whether a device's driver takes accesses that wait, and its answer to the last, or the one before.
void host_driver_takes(bool takes);
void host_driver_answer(bool retry);
void host_driver_answer_late(void);
unsigned host_driver_told(void);

// A GPU with a domain of TTBR1 (at 0x41000000, under MAIR and IPS of 1) in bank 0 of an SMMU that serves one.
void host_driver_gpu(void);
// Its driver's requests: tables of TTBR0 under an ASID, with such a MAIR and IPS; none; as struct
// adreno_smmu_ops says.
int host_gpu_ttbr0(uint64_t ttbr, uint64_t mair, uint32_t ips, uint32_t asid);
int host_gpu_no_ttbr0(void);
int host_gpu_ttbr1(uint64_t* ttbr);
int host_gpu_asid(void);
void host_gpu_asid_free(uint32_t asid);
int host_gpu_forget(uint32_t asid);
uint64_t host_gpu_fault(uint64_t* ttbr0, uint64_t* far);  // how many

// The interrupts of a device tree: "#global-interrupts", or -1 without, and how many there are in all.
int host_driver_irqs(int global, int lines);
int host_irq_of(int bank);  // index of the one that a bank has; -1: none

// What the driver makes of ID registers, and of the format that is wanted; NULL for none.
struct host_features {
  bool stage1, stage2, nested;
  unsigned input, ipa, output;
  const char* format;
};
int host_driver_features(uint32_t idr0, uint32_t idr1, uint32_t idr2, const char* wanted,
                         struct host_features* found);

#ifdef __cplusplus
}
#endif
