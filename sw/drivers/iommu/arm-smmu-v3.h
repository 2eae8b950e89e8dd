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
#include <workqueue.h>

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
 * @s1p: stage 1; @s2p: stage 2; @cd2l: CDs in two levels; @ril: invalidation of
 *	 ranges; @pgsizes: leaves that its tables can have
 * @sync_msi: a CMD_SYNC tells by MSI; @msis: MSIs that are requested
 * @ats: devices may keep translations; @ats_errors: and errors of theirs are
 *	 events; @pri: they may ask for pages
 * @stall_model: IDR0_STALL_*
 * @cmdq_lock: the command queue and its copy of PROD; taken inside all others
 * @cmdq_errors: commands that the SMMU refused, ever
 * @ste_lost: an STE could not be taken back: what it leads to is never freed
 * @cmdq_dead: the SMMU cannot read the queue: no command goes any more
 * @cmdq_aborts: reads of the command at @cmdq_abort_at that were aborted
 * @recover_errors: global errors that @recover_work is to deal with; with
 *		    @cmdq_lock
 * @evtq_lock: the event queue, what counts and shows events, and @masters
 * @atc_losses: invalidations that a device has not completed, ever
 * @priq_lock: the PRI queue and what counts its entries; taken outside of
 *	       @evtq_lock
 * @page_requests: entries seen; @page_responses: answers sent;
 * @priq_overflows: times that there was no room for one
 * @masters: devices behind it
 * @events: records seen; @stalls: those handed to a driver; @overflows: times that the SMMU had no room for one
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
	bool sync_msi;
	bool s1p;
	bool s2p;
	bool cd2l;
	bool ril;
	bool attr_types_ovr;
	bool ats;
	bool ats_errors;
	bool pri;
	unsigned int stall_model;
	unsigned int msis;
	unsigned long pgsizes;
	unsigned int oas;
	unsigned int sid_bits;
	unsigned int ssid_bits;
	unsigned int asid_bits;
	unsigned int vmid_bits;

	struct arm_smmu_queue cmdq;
	spinlock_t cmdq_lock;
	unsigned int cmdq_errors;
	bool cmdq_dead;
	u32 cmdq_abort_at;
	unsigned int cmdq_aborts;
	bool ste_lost;

	u32 recover_errors;
	struct work_struct recover_work;

	spinlock_t evtq_lock;
	struct arm_smmu_queue evtq;
	u64 events;
	u64 stalls;
	unsigned int overflows;
	u64 shown_since;
	unsigned int shown;
	unsigned int shown_visit;
	unsigned int hidden;

	unsigned int atc_losses;

	spinlock_t priq_lock;
	struct arm_smmu_queue priq;
	u64 page_requests;
	u64 page_responses;
	unsigned int priq_overflows;

	struct arm_smmu_strtab strtab;
	unsigned long *asid_map;
	unsigned long *vmid_map;
	struct list_head masters;
};

/**
 * struct arm_smmu_cdtab - context descriptors of a device
 * @base: one level: CDs; two levels: L1CDs; NULL before the first is wanted
 * @l2: two levels: for each L1CD its CDs, NULL until one is wanted
 * @bytes: size of @base
 * @bits: SubstreamID bits; 0: no substreams, and one CD is in use
 * @slot: which, then
 */
struct arm_smmu_cdtab {
	u64 *base;
	u64 **l2;
	size_t bytes;
	unsigned int bits;
	unsigned int slot;
	bool two_level;
};

/**
 * struct arm_smmu_master - a device behind an SMMU
 * @domain: what its streams use
 * @cd: the descriptor that they use while no PASID has a domain
 * @cdtab: the table that they use while one has
 * @pasids: PASIDs that use a domain of theirs
 * @stalls: its faults wait for an answer
 * @ats: it may keep translations; @ats_on: it does, or did: what goes from its
 *	 domains goes from its cache
 * @ppar: answers to its page requests have their PASID
 * @attachments: of each domain that it uses
 */
struct arm_smmu_master {
	struct list_head node;
	struct arm_smmu_device *smmu;
	struct device *dev;
	struct arm_smmu_domain *domain;
	struct arm_smmu_cdtab cd;
	struct arm_smmu_cdtab cdtab;
	unsigned int pasids;
	bool stalls;
	bool ats;
	bool ats_on;
	bool ppar;
	struct list_head attachments;
};

/**
 * struct arm_smmu_attachment - that a device, or a PASID of it, uses a domain
 * @node: in the domain's list; @master_node: in the device's
 * @ssid: IOMMU_NO_PASID: what the device does without one
 */
struct arm_smmu_attachment {
	struct list_head node;
	struct list_head master_node;
	struct arm_smmu_domain *dom;
	struct arm_smmu_master *master;
	u32 ssid;
};

enum arm_smmu_stage {
	ARM_SMMU_ABORT,
	ARM_SMMU_BYPASS,
	ARM_SMMU_STAGE_1,
	ARM_SMMU_STAGE_2,
	ARM_SMMU_NESTED,
};

/**
 * struct arm_smmu_domain - an address space
 * @lock: the tables; io-pgtable wants its callers one by one
 * @granule_shift: log2 of the tables' granule
 * @cd: stage 1: what CDs say; @asid: its tag
 * @ste: what STEs say: doublewords 2 and 3 of stage 2, 0 and 1 of a nested one
 * @vmid: stage 2: its tag; @nest_parent: nested domains may be upon it
 * @parent: of a nested one
 * @attached_lock: @attached, which whoever unmaps looks at
 * @attached: struct arm_smmu_attachment
 */
struct arm_smmu_domain {
	struct iommu_domain domain;
	struct arm_smmu_device *smmu;
	enum arm_smmu_stage stage;
	spinlock_t lock;
	struct io_pgtable_ops *pgtbl;
	unsigned int granule_shift;
	u64 cd[CD_DWORDS];
	u64 ste[4];
	u32 asid;
	u32 vmid;
	bool nest_parent;
	struct arm_smmu_domain *parent;
	spinlock_t attached_lock;
	struct list_head attached;
};

static inline struct arm_smmu_domain *
to_smmu_domain(struct iommu_domain *domain)
{
	return container_of(domain, struct arm_smmu_domain, domain);
}

#define ARM_SMMU_ENTRY_DWORDS	8

/**
 * struct arm_smmu_entry_type - STEs or CDs
 * @valid: V, in doubleword 0
 * @used: find the bits that the SMMU looks at
 * @forget: have the SMMU forget copies, and wait for it
 */
struct arm_smmu_entry_type {
	u64 valid;
	void (*used)(const u64 *entry, u64 *used);
	int (*forget)(void *ctx);
};

/**
 * struct arm_smmu_tlbi_range - addresses to be invalidated
 * @step: without @ril: bytes that a command is for
 * @ttl: level of the leaves; 0: any
 */
struct arm_smmu_tlbi_range {
	u64 addr;
	u64 size;
	u64 step;
	unsigned int granule_shift;
	unsigned int ttl;
	bool leaf;
	bool ril;
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

/* arm-smmu-v3-idr.c */
int arm_smmu_read_features(struct arm_smmu_device *smmu);

/* arm-smmu-v3-irq.c */
int arm_smmu_setup_irqs(struct arm_smmu_device *smmu);
void arm_smmu_free_irqs(struct arm_smmu_device *smmu);

/* arm-smmu-v3-event.c */
void arm_smmu_format_event(char *buf, size_t size, const u64 *evt,
			   const char *client);
void arm_smmu_read_event(const u64 *evt, struct iommu_fault *fault);

/* arm-smmu-v3-evtq.c */
bool arm_smmu_has_stream(const struct arm_smmu_master *master, u32 sid);
void arm_smmu_evtq_drain(struct arm_smmu_device *smmu);
void arm_smmu_page_response(struct device *dev,
			    const struct iommu_fault *fault,
			    enum iommu_page_response response);

struct arm_smmu_master *arm_smmu_find_master(struct arm_smmu_device *smmu,
					     u32 sid,
					     struct arm_smmu_master *prev);

/* arm-smmu-v3-queue.c */
bool arm_smmu_queue_used(struct arm_smmu_device *smmu,
			 struct arm_smmu_queue *q, const char *name, u32 *prod,
			 u32 *used);
void arm_smmu_queue_take(struct arm_smmu_device *smmu,
			 struct arm_smmu_queue *q, u64 *entry);
void arm_smmu_queue_write_cons(struct arm_smmu_device *smmu,
			       const struct arm_smmu_queue *q);
bool arm_smmu_queue_overflowed(const struct arm_smmu_queue *q, u32 prod);
void arm_smmu_queue_end_overflow(struct arm_smmu_queue *q, u32 prod);

/* arm-smmu-v3-recover.c */
void arm_smmu_recover(struct arm_smmu_device *smmu, u32 errors);
void arm_smmu_recover_init(struct arm_smmu_device *smmu);
void arm_smmu_recover_stop(struct arm_smmu_device *smmu);

/* arm-smmu-v3-priq.c */
void arm_smmu_read_page_request(const u64 *entry, struct iommu_fault *fault);
void arm_smmu_priq_drain(struct arm_smmu_device *smmu);
void arm_smmu_page_request_response(struct arm_smmu_master *master,
				    const struct iommu_fault *fault,
				    enum iommu_page_response response);
void arm_smmu_drain_page_requests(struct device *dev);

/* arm-smmu-v3-ats.c */
void arm_smmu_atc_span(u64 addr, u64 size, unsigned int min_shift, u64 *cmd);
void arm_smmu_atc_inv_domain(struct arm_smmu_domain *dom, u64 addr, u64 size);
int arm_smmu_atc_inv_master(struct arm_smmu_master *master, u32 ssid);
int arm_smmu_attachment_add(struct arm_smmu_domain *dom,
			    struct arm_smmu_master *master, u32 ssid);
void arm_smmu_attachment_remove(struct arm_smmu_domain *dom,
				struct arm_smmu_master *master, u32 ssid);
bool arm_smmu_wants_ats(const struct arm_smmu_master *master,
			const struct arm_smmu_domain *dom);
void arm_smmu_ats_on(struct arm_smmu_master *master);
void arm_smmu_ats_off(struct arm_smmu_master *master);
void arm_smmu_ats_probe(struct arm_smmu_master *master);
void arm_smmu_ats_release(struct arm_smmu_master *master);
int arm_smmu_set_page_requests(struct arm_smmu_master *master, bool on);

/* arm-smmu-v3-entry.c */
void arm_smmu_ste_used(const u64 *ste, u64 *used);
void arm_smmu_cd_used(const u64 *cd, u64 *used);
int arm_smmu_write_entry(struct arm_smmu_device *smmu,
			 const struct arm_smmu_entry_type *type, u64 *entry,
			 const u64 *target, void *ctx);

/* arm-smmu-v3-strtab.c */
bool arm_smmu_strtab_wants_2level(const struct arm_smmu_device *smmu);
int arm_smmu_strtab_init(struct arm_smmu_device *smmu);
void arm_smmu_strtab_free(struct arm_smmu_device *smmu);
int arm_smmu_strtab_cover(struct arm_smmu_device *smmu, u32 sid);
int arm_smmu_write_ste(struct arm_smmu_device *smmu, u32 sid,
		       const u64 *ste);
int arm_smmu_read_ste(struct arm_smmu_device *smmu, u32 sid, u64 *ste);

/* arm-smmu-v3-cdtab.c */
unsigned int arm_smmu_cdtab_bits(const struct arm_smmu_device *smmu,
				 u32 max_pasids);
int arm_smmu_cdtab_init(struct arm_smmu_master *master,
			struct arm_smmu_cdtab *tab);
void arm_smmu_cdtab_free(struct arm_smmu_master *master);
void arm_smmu_cdtab_ste(const struct arm_smmu_master *master,
			const struct arm_smmu_cdtab *tab, u64 *ste);
int arm_smmu_set_cd(struct arm_smmu_master *master, struct arm_smmu_cdtab *tab,
		    u32 ssid, const u64 *cd);
int arm_smmu_clear_cd(struct arm_smmu_master *master, u32 ssid);
bool arm_smmu_has_cd(const struct arm_smmu_master *master, u32 ssid);
int arm_smmu_restall_cds(struct arm_smmu_master *master);

/* arm-smmu-v3-tlb.c */
void arm_smmu_tlbi_init(struct arm_smmu_tlbi_range *range,
			unsigned int granule_shift, u64 addr, u64 size,
			u64 leaf_size, bool leaf, bool ril);
void arm_smmu_tlbi_next(struct arm_smmu_tlbi_range *range, u64 *cmd);
void arm_smmu_tlb_inv_domain(struct arm_smmu_domain *dom);
void arm_smmu_tlb_inv_range(struct arm_smmu_domain *dom, u64 addr, u64 size,
			    u64 leaf_size, bool leaf);
void arm_smmu_tlb_inv_combined(struct arm_smmu_domain *dom);

/* arm-smmu-v3-domain.c */
int arm_smmu_domain_finalise(struct arm_smmu_domain *dom, struct device *dev);
struct iommu_domain *arm_smmu_domain_alloc(struct iommu_device *iommu,
					   enum iommu_domain_type type);
struct iommu_domain *arm_smmu_domain_alloc_nested(struct iommu_domain *parent,
						  const void *config,
						  size_t size);

/* arm-smmu-v3-nested.c */
int arm_smmu_nested_init(struct arm_smmu_domain *dom,
			 struct arm_smmu_domain *parent, const void *config,
			 size_t size);
int arm_smmu_nested_invalidate(struct iommu_domain *domain, const void *cmds,
			       unsigned int count);

/* arm-smmu-v3-master.c */
int arm_smmu_attach_dev(struct iommu_domain *domain, struct device *dev);
int arm_smmu_set_dev_pasid(struct iommu_domain *domain, struct device *dev,
			   u32 pasid);
void arm_smmu_remove_dev_pasid(struct iommu_domain *domain,
			       struct device *dev, u32 pasid);
int arm_smmu_set_stall(struct device *dev, bool on);
void arm_smmu_stall_term(struct arm_smmu_master *master);
extern const struct iommu_ops arm_smmu_iommu_ops;

/* arm-smmu-v3-shell.c: the instances, for the shell command */
void arm_smmu_shell_add(struct arm_smmu_device *smmu);
void arm_smmu_shell_remove(struct arm_smmu_device *smmu);
int arm_smmu_shell_init(void);
void arm_smmu_shell_exit(void);
int arm_smmu_for_each(int (*fn)(struct arm_smmu_device *smmu));

/* arm-smmu-v3-sysfs.c: their files there */
extern const struct attribute_group *const arm_smmu_sysfs_groups[];

#endif
