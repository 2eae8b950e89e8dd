/* SPDX-License-Identifier: MIT */
/* Between the parts of the SMMUv2 driver. */
#ifndef ARM_SMMU_H
#define ARM_SMMU_H

#include <adreno-smmu.h>
#include <device.h>
#include <io-pgtable.h>
#include <io.h>
#include <iommu.h>
#include <kernel.h>
#include <spinlock.h>

#include "arm-smmu-regs.h"

/* Every wait for the SMMU ends after so long. */
#define SMMU2_TIMEOUT_US	1000000

#define SMMU2_MAX_BANKS		128
#define SMMU2_MAX_STREAMS	128

/* Tags of a GPU's processes: above those of banks, in 16 bits (TCR2.AS). */
#define SMMU2_FIRST_GPU_ASID	256
#define SMMU2_GPU_ASIDS		256
/* The context bank whose registers a GPU's command processor knows. */
#define SMMU2_GPU_BANK		0

struct of_device_id;
struct smmu2_domain;

enum smmu2_version {
	SMMU2_V1,
	SMMU2_V1_64K,	/* with the AArch64 format of 64 KiB */
	SMMU2_V2,
};

/**
 * struct smmu2_model - what "compatible" says beyond the ID registers
 * @mmu500: it has the ACR and the ACTLR of an MMU-500
 * @adreno: a GPU behind it writes TTBR0 of bank SMMU2_GPU_BANK, which is for
 *	    nobody else
 */
struct smmu2_model {
	enum smmu2_version version;
	bool mmu500;
	bool adreno;
};

enum smmu2_format {
	SMMU2_AARCH64,
	SMMU2_AARCH32_L,
	SMMU2_AARCH32_S,
	SMMU2_NUM_FORMATS,
};

extern const char *const smmu2_format_names[SMMU2_NUM_FORMATS];

enum smmu2_stall_model {
	SMMU2_STALL_NONE,	/* SCTLR.CFCFG stays 0 */
	SMMU2_STALL_BOTH,
	SMMU2_STALL_FORCED,	/* and 1 */
};

/**
 * struct smmu2_stream - a Stream mapping register group: SMRn and S2CRn
 * @id: StreamIDs that equal this where @mask is 0
 * @users: entries of masters that lie in it; 0: it is free
 * @s2cr: what S2CRn says, without EXIDVALID
 */
struct smmu2_stream {
	u16 id;
	u16 mask;
	unsigned int users;
	u32 s2cr;
};

/**
 * struct smmu2_regs - what the registers of a context bank say
 * @va64: CBA2R.VA64; @cbar, @sctlr: as the registers, without what the driver
 *	  adds for faults
 */
struct smmu2_regs {
	bool va64;
	u32 vmid;
	u32 cbar;
	u32 sctlr;
	u32 tcr;
	u32 tcr2;
	u32 contextidr;
	u32 mair[2];
	u64 ttbr[2];
};

/**
 * struct smmu2_bank - a translation context bank
 * @regs: what it was programmed with
 * @dom: whose it is, or NULL
 * @generation: counts its users, so that late answers go nowhere
 * @stalls: faults wait (CFCFG); @stalled: one does, and interrupts are off
 */
struct smmu2_bank {
	struct smmu2_device *smmu;
	unsigned int index;
	struct smmu2_regs regs;
	struct smmu2_domain *dom;
	unsigned int generation;
	bool stalls;
	bool stalled;
};

/**
 * struct smmu2_device - one SMMU
 * @page_shift: log2 of its pages; @cb_page: number of the first bank's
 * @stream_match: SMRs choose; else StreamIDs are numbers of S2CRs
 * @exid: SMRs of 16 bits (CR0.EXIDENABLE)
 * @num_streams: groups; @stream_ids: bits that StreamIDs have; @smr_mask: bits
 *		 that masks have; @extra_mask: "stream-match-mask"
 * @num_s2_banks: those that know stage 2 alone; they come first
 * @va_bits: of input at stage 1; @ipa_bits, @pa_bits: of output; each of the
 *	     SMMU, whatever a format has of it
 * @formats: bits of enum smmu2_format; @format: that of stage 1
 * @numirpt: context interrupts that banks are assigned to; 0: each bank has its
 *	     own; @num_context_irqs: lines of either kind
 * @streams: guarded, like @masters, by what the IOMMU core serialises
 * @bank_map: banks in use, likewise; @asid_map: ASIDs of a GPU's processes
 * @sync_lock: a TLB invalidation and the wait for it
 * @lost: it may still use memory that it should not: none is freed any more
 * @fault_lock: @masters, banks' state of faults, and the next ones
 * @faults: context faults seen; @global_faults; @stalled_faults: handed to a
 *	    driver
 * @shown: faults shown since @shown_since, @shown_visit in this visit of the
 *	   handler; @hidden since the last that was shown
 */
struct smmu2_device {
	struct list_head node;
	struct device *dev;
	u8 __iomem *base;
	struct iommu_device iommu;
	const struct smmu2_model *model;

	unsigned int page_shift;
	unsigned int cb_page;
	bool stage1;
	bool stage2;
	bool nested;
	bool coherent;
	bool btm;
	bool stream_match;
	bool exid;
	bool vmid16;
	unsigned int num_streams;
	u32 stream_ids;
	u32 smr_mask;
	u32 extra_mask;
	unsigned int num_banks;
	unsigned int num_s2_banks;
	unsigned int va_bits;
	unsigned int ipa_bits;
	unsigned int pa_bits;
	unsigned int formats;
	enum smmu2_format format;
	unsigned long pgsizes;
	enum smmu2_stall_model stall_model;

	unsigned int numirpt;
	unsigned int num_global_irqs;
	unsigned int num_context_irqs;

	struct smmu2_stream streams[SMMU2_MAX_STREAMS];
	struct smmu2_bank *banks;
	DECLARE_BITMAP(bank_map, SMMU2_MAX_BANKS);
	DECLARE_BITMAP(asid_map, SMMU2_GPU_ASIDS);
	struct list_head masters;

	spinlock_t sync_lock;
	bool lost;

	spinlock_t fault_lock;
	u64 faults;
	u64 global_faults;
	u64 stalled_faults;
	u64 shown_since;
	unsigned int shown;
	unsigned int shown_visit;
	unsigned int hidden;
};

/**
 * struct smmu2_master - a device behind an SMMU
 * @domain: what its streams use
 * @stalls: its faults shall wait for an answer
 * @groups: of each of its IDs, the index of its mapping register group
 */
struct smmu2_master {
	struct list_head node;
	struct smmu2_device *smmu;
	struct device *dev;
	struct smmu2_domain *domain;
	bool stalls;
	u8 groups[];
};

enum smmu2_stage {
	SMMU2_FAULT,
	SMMU2_BYPASS,
	SMMU2_STAGE_1,
	SMMU2_STAGE_2,
	SMMU2_NESTED,
};

/**
 * struct smmu2_domain - an address space
 * @lock: the tables; io-pgtable wants its callers one by one
 * @bank: its own, from the first attachment on
 * @asid: of stage 1; the VMID is @bank's
 * @want: of a nested one: the owner's registers
 * @split: a GPU's: the tables are TTBR1's, and entries of them are under the
 *	   ASID of whoever used them; @last: its last fault, under fault_lock
 * @nest_parent: nested domains may be upon it; @parent: of a nested one
 */
struct smmu2_domain {
	struct iommu_domain domain;
	struct smmu2_device *smmu;
	enum smmu2_stage stage;
	enum smmu2_format format;
	spinlock_t lock;
	struct io_pgtable_ops *pgtbl;
	struct smmu2_bank *bank;
	u32 asid;
	struct smmu2_regs want;
	bool split;
	struct adreno_smmu_fault last;
	bool nest_parent;
	struct smmu2_domain *parent;
};

static inline struct smmu2_domain *to_smmu2_domain(struct iommu_domain *domain)
{
	return container_of(domain, struct smmu2_domain, domain);
}

static inline u8 __iomem *smmu2_gr0(const struct smmu2_device *smmu)
{
	return smmu->base + ((size_t)SMMU_GR0_PAGE << smmu->page_shift);
}

static inline u8 __iomem *smmu2_gr1(const struct smmu2_device *smmu)
{
	return smmu->base + ((size_t)SMMU_GR1_PAGE << smmu->page_shift);
}

static inline u8 __iomem *smmu2_cb(const struct smmu2_device *smmu,
				   unsigned int n)
{
	return smmu->base + ((size_t)(smmu->cb_page + n) << smmu->page_shift);
}

/* An entry of "iommus" as the core keeps it: ID, and mask above it. */
static inline u32 smmu2_spec(u32 id, u32 mask)
{
	return id | mask << 16;
}

static inline u16 smmu2_spec_id(u32 spec)
{
	return (u16)spec;
}

static inline u16 smmu2_spec_mask(u32 spec)
{
	return (u16)(spec >> 16);
}

/* arm-smmu-id.c */
/**
 * struct smmu2_bits - addresses of the formats in use
 * @input: what devices use; @ipa: between the stages, or what the one there is
 *	   makes of it; @output: what leaves
 */
struct smmu2_bits {
	unsigned int input;
	unsigned int ipa;
	unsigned int output;
};

int smmu2_read_features(struct smmu2_device *smmu, size_t window);
int smmu2_choose_format(struct smmu2_device *smmu, const char *wanted);
enum smmu2_format smmu2_stage2_format(const struct smmu2_device *smmu);
void smmu2_format_bits(const struct smmu2_device *smmu,
		       enum smmu2_format format, bool s2,
		       unsigned int *ias, unsigned int *oas);
void smmu2_bits_in_use(const struct smmu2_device *smmu,
		       struct smmu2_bits *bits);
void smmu2_show_features(const struct smmu2_device *smmu);

/* arm-smmu-reset.c */
int smmu2_reset(struct smmu2_device *smmu);
int smmu2_enable(struct smmu2_device *smmu);
int smmu2_close(struct smmu2_device *smmu);

/* arm-smmu-stream.c */
enum smmu2_relation {
	SMMU2_APART,
	SMMU2_WITHIN,	/* the first in the second, or equal */
	SMMU2_AROUND,	/* the second in the first */
	SMMU2_CROSSING,
};

enum smmu2_relation smmu2_relate(u32 a, u32 b);
int smmu2_streams_add(struct smmu2_master *master);
void smmu2_streams_remove(struct smmu2_master *master);
void smmu2_streams_point(struct smmu2_master *master, u32 s2cr);
u32 smmu2_s2cr(const struct smmu2_domain *dom);

/* arm-smmu-bank.c */
struct smmu2_bank *smmu2_bank_alloc(struct smmu2_device *smmu,
				    enum smmu2_stage stage);
struct smmu2_bank *smmu2_bank_take(struct smmu2_device *smmu, unsigned int n);
void smmu2_bank_set_ttbr0(struct smmu2_bank *bank,
			  const struct smmu2_regs *regs, bool on);
void smmu2_bank_write(struct smmu2_bank *bank, const struct smmu2_regs *regs);
void smmu2_bank_close(struct smmu2_bank *bank);
void smmu2_bank_free(struct smmu2_bank *bank);
void smmu2_bank_set_stalls(struct smmu2_bank *bank, bool on);
void smmu2_bank_resume(struct smmu2_bank *bank, u32 tnr);
int smmu2_probe_stalls(struct smmu2_device *smmu);

/* arm-smmu-context.c */
void smmu2_describe_s1(const struct smmu2_domain *dom,
		       const struct io_pgtable_cfg *cfg,
		       struct smmu2_regs *regs);
void smmu2_describe_s2(const struct smmu2_domain *dom,
		       const struct io_pgtable_cfg *cfg,
		       struct smmu2_regs *regs);
void smmu2_describe_split(const struct smmu2_domain *dom,
			  const struct io_pgtable_cfg *ttbr1,
			  const struct io_pgtable_cfg *ttbr0, u32 asid,
			  struct smmu2_regs *regs);
u32 smmu2_vmid(const struct smmu2_bank *bank);

/* arm-smmu-tlb.c */
int smmu2_tlb_sync_global(struct smmu2_device *smmu);
void smmu2_tlb_inv_domain(struct smmu2_domain *dom);
void smmu2_tlb_inv_range(struct smmu2_domain *dom, u64 addr, u64 size,
			 u64 leaf_size, bool leaf);
int smmu2_tlb_inv_asid(struct smmu2_domain *dom, u32 asid);
void smmu2_tlb_inv_combined(struct smmu2_domain *dom);
int smmu2_tlb_sync_bank(struct smmu2_bank *bank);

/* arm-smmu-fault.c: what registers say */
struct smmu2_context_fault {
	unsigned int bank;
	bool stage2;
	u32 fsr;
	u32 fsynr0;
	u32 cbfrsynra;
	u64 far;
	u64 ipafar;
};

struct smmu2_global_fault {
	u32 gfsr;
	u32 gfsynr0;
	u32 gfsynr1;
	u64 gfar;
};

void smmu2_format_context_fault(char *buf, size_t size,
				const struct smmu2_context_fault *f,
				const char *client);
void smmu2_format_global_fault(char *buf, size_t size,
			       const struct smmu2_global_fault *f,
			       const char *client);
void smmu2_read_context_fault(const struct smmu2_context_fault *f,
			      struct iommu_fault *fault);
void smmu2_read_global_fault(const struct smmu2_global_fault *f,
			     struct iommu_fault *fault);

/* arm-smmu-irq.c */
int smmu2_setup_irqs(struct smmu2_device *smmu);
bool smmu2_bank_has_irq(const struct smmu2_bank *bank);
u32 smmu2_irptndx(const struct smmu2_bank *bank);
bool smmu2_handle_bank(struct smmu2_bank *bank);
bool smmu2_handle_global(struct smmu2_device *smmu);
void smmu2_page_response(struct device *dev, const struct iommu_fault *fault,
			 enum iommu_page_response response);

/* arm-smmu-legacy.c: "mmu-masters" */
int smmu2_legacy_init(const struct of_device_id *matches);
void smmu2_legacy_exit(void);
int smmu2_legacy_check(struct device *dev);
void smmu2_legacy_settle(struct device *dev, int ret);
int smmu2_legacy_ids(struct device *dev);

/* arm-smmu-domain.c */
int smmu2_domain_finalise(struct smmu2_domain *dom, struct device *dev);
struct iommu_domain *smmu2_domain_alloc(struct iommu_device *iommu,
					enum iommu_domain_type type);
struct iommu_domain *smmu2_domain_alloc_nested(struct iommu_domain *parent,
					       const void *config,
					       size_t size);

/* arm-smmu-adreno.c */
bool smmu2_is_gpu(const struct smmu2_device *smmu, const struct device *dev);
int smmu2_check_split(const struct smmu2_device *smmu);
void smmu2_note_gpu_fault(struct smmu2_domain *dom,
			  const struct smmu2_context_fault *f);
extern const struct adreno_smmu_ops smmu2_adreno_ops;

/* arm-smmu-nested.c */
int smmu2_nested_init(struct smmu2_domain *dom, const void *config,
		      size_t size);
void smmu2_nested_complete(const struct smmu2_domain *dom,
			   struct smmu2_regs *regs);
int smmu2_nested_invalidate(struct iommu_domain *domain, const void *commands,
			    unsigned int count);

/* arm-smmu-master.c */
int smmu2_add_stream(struct device *dev, u32 id, u32 mask);
bool smmu2_has_stream(const struct smmu2_master *master, u32 sid);
int smmu2_attach_dev(struct iommu_domain *domain, struct device *dev);
extern const struct iommu_ops smmu2_iommu_ops;

/* arm-smmu-shell.c: the instances, for the shell command */
void smmu2_shell_add(struct smmu2_device *smmu);
void smmu2_shell_remove(struct smmu2_device *smmu);
int smmu2_shell_init(void);
void smmu2_shell_exit(void);
int smmu2_for_each(int (*fn)(struct smmu2_device *smmu));

/* arm-smmu-sysfs.c: their files there */
extern const struct attribute_group *const smmu2_sysfs_groups[];

#endif
