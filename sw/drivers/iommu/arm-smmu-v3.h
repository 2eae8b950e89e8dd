/* SPDX-License-Identifier: MIT */
/* Between the parts of the SMMUv3 driver. */
#ifndef ARM_SMMU_V3_H
#define ARM_SMMU_V3_H

#include <cacheflush.h>
#include <device.h>
#include <io-pgtable.h>
#include <io.h>
#include <iommu.h>
#include <kernel.h>
#include <mm.h>
#include <spinlock.h>

#include "arm-smmu-v3-regs.h"

/* Every wait for the SMMU ends after so long. */
#define ARM_SMMU_TIMEOUT_US	1000000

/**
 * struct arm_smmu_queue - a ring shared with the SMMU
 * @base: entries
 * @log2size: log2 of their number
 * @entry: bytes in one
 * @prod_reg: offset of its PROD register; CONS is in the next word
 * @prod: our copy of PROD for the command queue
 * @cons: our copy of CONS for the event queue
 *
 * An index has one bit more than it takes to count the entries: it tells a
 * full queue from an empty one (IHI 0070 3.5.1).
 */
struct arm_smmu_queue {
	void *base;
	unsigned int log2size;
	size_t entry;
	unsigned int prod_reg;
	u32 prod;
	u32 cons;
};

static inline u32 q_mask(const struct arm_smmu_queue *q)
{
	return (2u << q->log2size) - 1;
}

static inline u64 *q_entry(const struct arm_smmu_queue *q, u32 index)
{
	return (u64 *)((char *)q->base +
		       (index & ((1u << q->log2size) - 1)) * q->entry);
}

/**
 * struct arm_smmu_strtab - the stream table
 * @l1: linear: STEs; two levels: L1STDs
 * @l2: two levels: for each L1STD its STEs, NULL until one is wanted
 * @bytes: size of @l1
 * @log2size: StreamIDs covered
 * @split: StreamID bits that an L2 table resolves
 */
struct arm_smmu_strtab {
	u64 *l1;
	u64 **l2;
	size_t bytes;
	unsigned int log2size;
	unsigned int split;
	bool two_level;
};

/**
 * struct arm_smmu_device - one SMMU
 * @cmdq_lock: the command queue and its copy of PROD; taken inside all others
 * @cmdq_errors: commands that the SMMU refused, ever
 * @ste_lost: an STE could not be taken back: what it leads to is never freed
 * @cmdq_dead: the SMMU cannot read the queue: no command goes any more
 * @evtq_lock: the event queue, what counts and shows events, and @masters
 * @masters: devices behind it
 * @events: records seen; @overflows: times that the SMMU had no room for one
 * @shown: events shown since @shown_since, @shown_visit in this visit to the
 *	   queue; @hidden since the last that was shown
 */
struct arm_smmu_device {
	struct list_head node;
	struct device *dev;
	u8 __iomem *base;
	struct iommu_device iommu;

	bool coherent;
	bool hyp;
	bool btm;
	bool sev;
	bool msi;
	bool stall_forced;
	unsigned int oas;
	unsigned int sid_bits;
	unsigned int asid_bits;

	struct arm_smmu_queue cmdq;
	spinlock_t cmdq_lock;
	unsigned int cmdq_errors;
	bool cmdq_dead;
	bool ste_lost;

	spinlock_t evtq_lock;
	struct arm_smmu_queue evtq;
	u64 events;
	unsigned int overflows;
	u64 shown_since;
	unsigned int shown;
	unsigned int shown_visit;
	unsigned int hidden;

	struct arm_smmu_strtab strtab;
	unsigned long *asid_map;
	struct list_head masters;
};

/**
 * struct arm_smmu_master - a device behind an SMMU
 */
struct arm_smmu_master {
	struct list_head node;
	struct arm_smmu_device *smmu;
	struct device *dev;
};

/**
 * struct arm_smmu_domain - an address space
 * @lock: the tables; io-pgtable wants its callers one by one
 * @cd: context descriptor, for a domain that translates
 */
struct arm_smmu_domain {
	struct iommu_domain domain;
	struct arm_smmu_device *smmu;
	spinlock_t lock;
	struct io_pgtable_ops *pgtbl;
	u64 *cd;
	u32 asid;
};

/* Make what the CPU wrote visible to the SMMU. */
static inline void arm_smmu_sync_for_device(struct arm_smmu_device *smmu,
					    const void *mem, size_t size)
{
	if (!smmu->coherent)
		dcache_clean_poc(mem, size);
	wmb();
}

/* Zeroed, aligned to the power of two that holds size. */
void *arm_smmu_alloc(struct arm_smmu_device *smmu, size_t size);
void arm_smmu_free(void *mem, size_t size);

/* arm-smmu-v3-cmdq.c */
int arm_smmu_cmdq_issue(struct arm_smmu_device *smmu, const u64 *cmds,
			unsigned int n, bool sync);
int arm_smmu_cmdq_sync(struct arm_smmu_device *smmu);
void arm_smmu_handle_gerror(struct arm_smmu_device *smmu);

/* arm-smmu-v3-evtq.c */
bool arm_smmu_has_stream(const struct arm_smmu_master *master, u32 sid);
void arm_smmu_evtq_drain(struct arm_smmu_device *smmu);

/* arm-smmu-v3-strtab.c */
bool arm_smmu_strtab_wants_2level(const struct arm_smmu_device *smmu);
int arm_smmu_strtab_init(struct arm_smmu_device *smmu);
void arm_smmu_strtab_free(struct arm_smmu_device *smmu);
int arm_smmu_strtab_cover(struct arm_smmu_device *smmu, u32 sid);
int arm_smmu_write_ste(struct arm_smmu_device *smmu, u32 sid,
		       const u64 *ste);

/* arm-smmu-v3-shell.c: the instances, for the shell command */
void arm_smmu_shell_add(struct arm_smmu_device *smmu);
void arm_smmu_shell_remove(struct arm_smmu_device *smmu);
int arm_smmu_shell_init(void);
void arm_smmu_shell_exit(void);
int arm_smmu_for_each(int (*fn)(struct arm_smmu_device *smmu));

/* arm-smmu-v3-sysfs.c: their files there */
extern const struct attribute_group *const arm_smmu_sysfs_groups[];

/* arm-smmu-v3-domain.c */
extern const struct iommu_ops arm_smmu_iommu_ops;

#endif
