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
struct iommu_iotlb_gather;
struct module;

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

/**
 * struct io_pgtable_cfg - what tables are wanted, and what came of it
 * @pgsize_bitmap: in: leaf sizes that the IOMMU takes, one bit a size;
 *		   out: those that the format will use
 * @ias: input address bits
 * @oas: output address bits
 * @coherent_walk: the walker snoops the CPU's caches
 * @tlb: the IOMMU's invalidations
 * @iommu_dev: device for messages
 * @arm_lpae_s1_cfg: out, for ARM_64_LPAE_S1: fields in the encodings of
 *		     TCR_EL1 (tsz is TnSZ, tg the granule of TTBR0), MAIR_EL1
 */
struct io_pgtable_cfg {
	unsigned long pgsize_bitmap;
	unsigned int ias;
	unsigned int oas;
	bool coherent_walk;
	const struct iommu_flush_ops *tlb;
	struct device *iommu_dev;

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
};

/**
 * struct io_pgtable_ops - operations on one set of tables
 * @map_pages: map pgcount pages of pgsize; *mapped is the number of bytes
 *	       mapped, also on failure, so that the caller can undo them
 * @unmap_pages: remove; returns the bytes removed, less than asked for if a
 *		 page was not there
 * @iova_to_phys: translate, 0 if nothing is mapped
 *
 * Mapping over something mapped is -EEXIST. The caller serialises calls on
 * one set of tables.
 */
struct io_pgtable_ops {
	int (*map_pages)(struct io_pgtable_ops *ops, unsigned long iova,
			 phys_addr_t paddr, size_t pgsize, size_t pgcount,
			 int prot, size_t *mapped);
	size_t (*unmap_pages)(struct io_pgtable_ops *ops, unsigned long iova,
			      size_t pgsize, size_t pgcount,
			      struct iommu_iotlb_gather *gather);
	phys_addr_t (*iova_to_phys)(struct io_pgtable_ops *ops,
				    unsigned long iova);
};

/**
 * struct io_pgtable - what the registry knows of one set of tables
 * @fmt: its format
 * @cookie: passed to the flush operations
 * @cfg: as agreed at allocation
 * @ops: what the user of the tables holds
 * @owner: the format's module, on which a reference is held
 * @user: the module in whose name it is held
 */
struct io_pgtable {
	enum io_pgtable_fmt fmt;
	void *cookie;
	struct io_pgtable_cfg cfg;
	struct io_pgtable_ops ops;
	struct module *owner;
	struct module *user;
};

/**
 * struct io_pgtable_init_fns_node - a format's entry in the registry
 * @fmt: the format
 * @alloc: make a set of tables, NULL on failure; fills cfg's output fields
 * @free: release one, all its tables included
 * @owner: module that holds the code
 * @next: the registry's
 *
 * The caller owns the node, and keeps it until it unregisters the format.
 */
struct io_pgtable_init_fns_node {
	enum io_pgtable_fmt fmt;
	struct io_pgtable *(*alloc)(struct io_pgtable_cfg *cfg, void *cookie);
	void (*free)(struct io_pgtable *iop);
	struct module *owner;
	struct io_pgtable_init_fns_node *next;
};

int io_pgtable_register_format(struct io_pgtable_init_fns_node *node);
void io_pgtable_unregister_format(struct io_pgtable_init_fns_node *node);
const char *io_pgtable_fmt_name(enum io_pgtable_fmt fmt);

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
