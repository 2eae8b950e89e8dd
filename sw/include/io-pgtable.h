/* SPDX-License-Identifier: MIT */
/*
 * Page tables for I/O: the formats and the registry.
 *
 * An IOMMU driver asks for a set of tables by format, and gets operations on
 * them. A format is code that may sit in a module: it registers itself at run
 * time, and its module cannot go while a set of its tables lives.
 */
#ifndef IO_PGTABLE_H
#define IO_PGTABLE_H

#include <types.h>

struct device;
struct io_pgtable_entry;
struct iommu_iotlb_gather;
struct module;

/* The numbers are part of modules' aliases: new formats come at the end. */
enum io_pgtable_fmt {
	ARM_32_LPAE_S1,
	ARM_32_LPAE_S2,
	ARM_64_LPAE_S1,
	ARM_64_LPAE_S2,
	ARM_V7S,
	ARM_MALI_LPAE,
	IO_PGTABLE_NUM_FMTS,
};

/**
 * MODULE_ALIAS_IO_PGTABLE - "modprobe io-pgtable-fmt-N" finds the module
 * @fmt: the format that it provides
 * @number: its value, since an alias is text
 */
#define MODULE_ALIAS_IO_PGTABLE(fmt, number)				\
	_Static_assert((fmt) == (number), "the alias of another format"); \
	MODULE_ALIAS("io-pgtable-fmt-" #number)

/**
 * struct iommu_flush_ops - what a format needs done to the IOMMU's TLBs
 * @tlb_flush_all: drop every translation of this address space
 * @tlb_flush_walk: drop translations of [iova, iova + size) at every level,
 *		    walk caches included, and wait until no walk uses a table
 *		    of that range; size is a multiple of granule
 * @tlb_add_page: note that a leaf of granule bytes at iova was removed; the
 *		  translation may live on until the gather is synchronised
 *
 * Called with no lock of the format held by others; must not sleep.
 */
struct iommu_flush_ops {
	void (*tlb_flush_all)(void *cookie);
	void (*tlb_flush_walk)(unsigned long iova, size_t size,
			       size_t granule, void *cookie);
	void (*tlb_add_page)(struct iommu_iotlb_gather *gather,
			     unsigned long iova, size_t granule,
			     void *cookie);
};

/* Quirks. A format refuses those that it does not know.
 *
 * ARM_NS: stage 1 of a Secure IOMMU gives Non-secure addresses (NS of leaves,
 *	NSTable): the LPAE stages 1, and ARM_V7S.
 * NO_PERMS: everything is mapped for reading, writing and execution, whatever
 *	was asked for: for IOMMUs without permissions. ARM_V7S.
 * ARM_TTBR1: the tables are for the upper range, whose addresses have ones
 *	above the input size. ARM_64_LPAE_S1.
 * ARM_OUTER_WBWA: walks that do not snoop are cached in an outer cache all the
 *	same, one that the CPU's cleaning by address reaches. Not together
 *	with coherent_walk. The LPAE stages 1.
 */
#define IO_PGTABLE_QUIRK_ARM_NS		(1UL << 0)
#define IO_PGTABLE_QUIRK_NO_PERMS	(1UL << 1)
#define IO_PGTABLE_QUIRK_ARM_TTBR1	(1UL << 2)
#define IO_PGTABLE_QUIRK_ARM_OUTER_WBWA	(1UL << 3)

/**
 * struct io_pgtable_cfg - what tables are wanted, and what came of it
 * @quirks: what the IOMMU has otherwise
 * @pgsize_bitmap: in: leaf sizes that the IOMMU takes, one bit a size. The
 *		   smallest that is a granule of the format becomes it;
 *		   out: those that the format will use
 * @ias: input address bits
 * @oas: output address bits; out: no more than the format has
 * @coherent_walk: the walker snoops the CPU's caches
 * @tlb: the IOMMU's invalidations
 * @iommu_dev: device for messages, or NULL
 * @arm_lpae_s1_cfg: out, for the LPAE stages 1, in the encodings of TCR_EL1:
 *		     tg is TG0, or TG1 with ARM_TTBR1; tsz is TnSZ. The 32-bit
 *		     format has no ips and tg (0), and 3 bits of tsz. mair is
 *		     MAIR_EL1, or MAIR1:MAIR0.
 * @arm_lpae_s2_cfg: out, for the LPAE stages 2, in the encodings of VTCR_EL2.
 *		     Of the 32-bit format tsz is VTCR.{S, T0SZ}.
 * @arm_v7s_cfg: out, for ARM_V7S: TTBR0, TTBCR, NMRR and PRRR. SCTLR.TRE has
 *		 to be set for attributes to be what was asked for; SCTLR.AFE
 *		 may have either value.
 * @arm_mali_lpae_cfg: out, for ARM_MALI_LPAE: AS_TRANSTAB and AS_MEMATTR
 */
struct io_pgtable_cfg {
	unsigned long quirks;
	unsigned long pgsize_bitmap;
	unsigned int ias;
	unsigned int oas;
	bool coherent_walk;
	const struct iommu_flush_ops *tlb;
	struct device *iommu_dev;

	union {
		struct {
			u64 ttbr;
			struct {
				u32 ips;
				u32 tg;
				u32 sh;
				u32 orgn;
				u32 irgn;
				u32 tsz;
			} tcr;
			u64 mair;
		} arm_lpae_s1_cfg;

		struct {
			u64 vttbr;
			struct {
				u32 ps;
				u32 tg;
				u32 sh;
				u32 orgn;
				u32 irgn;
				u32 sl;
				u32 tsz;
			} vtcr;
		} arm_lpae_s2_cfg;

		struct {
			u32 ttbr;
			u32 tcr;
			u32 nmrr;
			u32 prrr;
		} arm_v7s_cfg;

		struct {
			u64 transtab;
			u64 memattr;
		} arm_mali_lpae_cfg;
	};
};

/**
 * struct io_pgtable_ops - operations on one set of tables
 * @map_pages: map pgcount pages of pgsize; *mapped is the number of bytes
 *	       mapped, also on failure, so that the caller can undo them.
 *	       -EEXIST over something mapped; -ERANGE outside of the input or
 *	       output size; -EINVAL for a size or alignment that is none, or
 *	       neither right; -ENOMEM. gfp is for tables: callers that hold a
 *	       spin lock say GFP_ATOMIC.
 * @unmap_pages: remove pgcount * pgsize bytes; returns the bytes removed:
 *		 all, or those before the first hole. A block of which a part
 *		 is removed is split: accesses to the rest of it can fault
 *		 meanwhile. Where it cannot be split (no memory; a
 *		 supersection above 4 GiB) removal ends before it.
 * @iova_to_phys: translate, 0 if nothing is mapped
 * @entry: the descriptor for iova, depth tables below the first one
 *
 * The caller serialises calls on one set of tables. None of them sleeps,
 * unless gfp says so. The IOMMU may walk the tables at any time.
 */
struct io_pgtable_ops {
	int (*map_pages)(struct io_pgtable_ops *ops, unsigned long iova,
			 phys_addr_t paddr, size_t pgsize, size_t pgcount,
			 int prot, gfp_t gfp, size_t *mapped);
	size_t (*unmap_pages)(struct io_pgtable_ops *ops, unsigned long iova,
			      size_t pgsize, size_t pgcount,
			      struct iommu_iotlb_gather *gather);
	phys_addr_t (*iova_to_phys)(struct io_pgtable_ops *ops,
				    unsigned long iova);
	void (*entry)(struct io_pgtable_ops *ops, unsigned long iova,
		      unsigned int depth, struct io_pgtable_entry *e);
};

/* Bits of a descriptor, with the architecture's name for them. */
struct io_pgtable_field {
	const char *name;
	u8 high;
	u8 low;
};

/**
 * struct io_pgtable_entry - a descriptor, for people
 * @table: leads to a table; @leaf: maps memory; neither: nothing is there
 * @format: "lpae64-s1"; @granule: "4 KiB granule", NULL where there is one
 * @what: of a leaf: "page", "block", ...
 * @level: of the table that holds it, as the architecture counts
 * @digits: hexadecimal ones of @value
 * @value: the descriptor
 * @iova, @size: the input addresses that it is for
 * @paddr: where it leads
 * @fields: what else a leaf says; ends with one that has no name
 */
struct io_pgtable_entry {
	bool table;
	bool leaf;
	const char *format;
	const char *granule;
	const char *what;
	int level;
	int digits;
	u64 value;
	unsigned long iova;
	size_t size;
	phys_addr_t paddr;
	const struct io_pgtable_field *fields;
};

int io_pgtable_dump(unsigned long first, unsigned long last,
		    void (*entry)(void *from, unsigned long iova,
				  unsigned int depth,
				  struct io_pgtable_entry *e),
		    void *from, void (*put)(void *to, const char *line),
		    void *to);

struct io_pgtable_init_fns_node;

/**
 * struct io_pgtable - one set of tables
 * @cfg: as agreed at allocation
 * @cookie: passed to the flush operations
 * @ops: what the user of the tables holds
 * @format: the registry's: the format, on whose module a reference is held
 * @user: the registry's: the module in whose name it is held
 *
 * The format fills the first three.
 */
struct io_pgtable {
	struct io_pgtable_cfg cfg;
	void *cookie;
	struct io_pgtable_ops ops;
	const struct io_pgtable_init_fns_node *format;
	struct module *user;
};

/**
 * struct io_pgtable_init_fns - how sets of tables come and go
 * @alloc: make a set of tables and fill cfg's outputs, or an ERR_PTR(): after
 *	   a message that says why, -EINVAL for a cfg that the format cannot
 *	   serve, or -ENOMEM
 * @free: release one, all its tables included
 */
struct io_pgtable_init_fns {
	struct io_pgtable *(*alloc)(struct io_pgtable_cfg *cfg, void *cookie);
	void (*free)(struct io_pgtable *iop);
};

/**
 * struct io_pgtable_init_fns_node - what a format tells the registry
 * @fmt: the format
 * @name: for messages
 * @fns: its functions
 * @owner: module that holds the code
 *
 * Stays the format's, and is there until it is unregistered. How the registry
 * keeps it is the registry's own business.
 */
struct io_pgtable_init_fns_node {
	enum io_pgtable_fmt fmt;
	const char *name;
	const struct io_pgtable_init_fns *fns;
	struct module *owner;
};

int io_pgtable_register_formats(const struct io_pgtable_init_fns_node *nodes,
				unsigned int count);
void
io_pgtable_unregister_formats(const struct io_pgtable_init_fns_node *nodes,
			      unsigned int count);
bool io_pgtable_format_registered(enum io_pgtable_fmt fmt);

int alloc_io_pgtable_ops(enum io_pgtable_fmt fmt, struct io_pgtable_cfg *cfg,
			 void *cookie, struct module *user,
			 struct io_pgtable_ops **ops);
void free_io_pgtable_ops(struct io_pgtable_ops *ops);

static inline struct io_pgtable *
io_pgtable_ops_to_pgtable(struct io_pgtable_ops *ops)
{
	return (struct io_pgtable *)((char *)ops -
				     __builtin_offsetof(struct io_pgtable,
							ops));
}

static inline void io_pgtable_tlb_flush_walk(struct io_pgtable *iop,
					     unsigned long iova, size_t size,
					     size_t granule)
{
	if (iop->cfg.tlb && iop->cfg.tlb->tlb_flush_walk)
		iop->cfg.tlb->tlb_flush_walk(iova, size, granule,
					     iop->cookie);
}

static inline void
io_pgtable_tlb_add_page(struct io_pgtable *iop,
			struct iommu_iotlb_gather *gather,
			unsigned long iova, size_t granule)
{
	if (iop->cfg.tlb && iop->cfg.tlb->tlb_add_page)
		iop->cfg.tlb->tlb_add_page(gather, iova, granule,
					   iop->cookie);
}

static inline void io_pgtable_tlb_flush_all(struct io_pgtable *iop)
{
	if (iop->cfg.tlb && iop->cfg.tlb->tlb_flush_all)
		iop->cfg.tlb->tlb_flush_all(iop->cookie);
}

#endif
