/* SPDX-License-Identifier: MIT */
/*
 * IOMMU core: instances, the devices behind them, their groups, and the
 * address spaces ("domains") that groups are attached to.
 *
 * What connects, attaches and allocates may sleep, and is serialised by the
 * core. Mapping may be done in any context; the driver serialises it by domain.
 */
#ifndef IOMMU_H
#define IOMMU_H

#include <compiler.h>
#include <errno.h>
#include <list.h>
#include <module.h>
#include <types.h>

struct adreno_smmu_ops;
struct bus_type;
struct device;
struct device_node;
struct io_pgtable_entry;
struct iommu_device;
struct iommu_domain;
struct iommu_group;
struct iommu_requests;
struct of_phandle_args;
struct pci_dev;
struct scatterlist;
struct sysfs_node;
struct attribute_group;

/* Rights and attributes of a mapping */
#define IOMMU_READ	(1 << 0)
#define IOMMU_WRITE	(1 << 1)
#define IOMMU_CACHE	(1 << 2)	/* coherent with the CPU's caches */
#define IOMMU_NOEXEC	(1 << 3)
#define IOMMU_MMIO	(1 << 4)	/* device registers, not memory */
#define IOMMU_PRIV	(1 << 5)	/* privileged accesses only */

enum iommu_domain_type {
	IOMMU_DOMAIN_BLOCKED,	/* every access is refused */
	IOMMU_DOMAIN_IDENTITY,	/* addresses pass as they are */
	IOMMU_DOMAIN_UNMANAGED,	/* mappings made by iommu_map() */
	IOMMU_DOMAIN_DMA,	/* mappings made by the DMA API */
	/* Mappings made by iommu_map() at stage 2, to put others upon. */
	IOMMU_DOMAIN_NEST_PARENT,
	IOMMU_DOMAIN_NESTED,	/* tables of somebody else upon a parent */
	IOMMU_NUM_DOMAIN_TYPES,
};

/* A PASID is what PCI calls a SubstreamID; 0 is the device without one. */
#define IOMMU_NO_PASID	0u

enum iommu_fault_type {
	IOMMU_FAULT_TRANSLATION,
	IOMMU_FAULT_ADDR_SIZE,
	IOMMU_FAULT_ACCESS,
	IOMMU_FAULT_PERMISSION,
	IOMMU_FAULT_OTHER,
};

/**
 * struct iommu_fault - what a device did that its IOMMU refused
 * @type: why
 * @raw_type: the IOMMU's own number for it
 * @sid: the device's stream
 * @ssid: substream, if @ssid_valid
 * @iova: the address, as the device sent it
 * @stage2: stage 2 refused, at address @ipa
 * @stalled: the access waits for an answer, to @tag
 * @page_request: it is none, but the device asks for the page in group @tag, with
 *		  @last behind all others of it, and waits for one answer to them
 */
struct iommu_fault {
	enum iommu_fault_type type;
	u32 raw_type;
	u32 sid;
	u32 ssid;
	bool ssid_valid;
	bool write;
	bool priv;
	bool exec;
	bool stage2;
	bool stalled;
	bool page_request;
	bool last;
	u32 tag;
	u64 iova;
	u64 ipa;
};

/* What becomes of an access that waits. */
enum iommu_page_response {
	IOMMU_PAGE_RETRY,	/* as if it had just come */
	IOMMU_PAGE_ABORT,	/* its device is told that it failed */
	/* And that it would fail again: a device that asks for pages stops. */
	IOMMU_PAGE_FAILURE,
};

typedef void (*iommu_fault_handler_t)(struct device *dev,
				      const struct iommu_fault *fault,
				      void *data);

/* In a thread; @domain is what the access went to. Of a nested one, what stage 2
 * refused is for its parent.
 */
typedef enum iommu_page_response (*iommu_page_fault_handler_t)(
	struct device *dev, struct iommu_domain *domain,
	const struct iommu_fault *fault, void *data);

/**
 * struct iommu_iotlb_gather - removed translations not invalidated yet
 * @start: first address
 * @end: last address; below @start when nothing is gathered
 * @pgsize: size of the leaves
 */
struct iommu_iotlb_gather {
	unsigned long start;
	unsigned long end;
	size_t pgsize;
};

/**
 * struct iommu_domain_ops - what an IOMMU driver does with a domain
 * @attach_dev: make every stream of dev use the domain; -EPROBE_DEFER, with a
 *		reason by dev_err_probe(), if what it needs may still come
 * @set_dev_pasid: make one PASID of dev use the domain; NULL: it cannot
 * @map_pages: as io_pgtable_ops
 * @unmap_pages: as io_pgtable_ops
 * @iotlb_sync: invalidate what was gathered, and wait for it
 * @iova_to_phys: 0 if nothing is mapped
 * @entry: as io_pgtable_ops, of a domain that something was attached to
 * @cache_invalidate: of IOMMU_DOMAIN_NESTED: what the owner of its tables wants
 *		      forgotten, in commands that the driver defines
 * @free: nothing is attached any more
 */
struct iommu_domain_ops {
	int (*attach_dev)(struct iommu_domain *domain, struct device *dev);
	int (*set_dev_pasid)(struct iommu_domain *domain, struct device *dev,
			     u32 pasid);
	int (*map_pages)(struct iommu_domain *domain, unsigned long iova,
			 phys_addr_t paddr, size_t pgsize, size_t pgcount,
			 int prot, size_t *mapped);
	size_t (*unmap_pages)(struct iommu_domain *domain,
			      unsigned long iova, size_t pgsize,
			      size_t pgcount,
			      struct iommu_iotlb_gather *gather);
	void (*iotlb_sync)(struct iommu_domain *domain,
			   struct iommu_iotlb_gather *gather);
	phys_addr_t (*iova_to_phys)(struct iommu_domain *domain,
				    unsigned long iova);
	void (*entry)(struct iommu_domain *domain, unsigned long iova,
		      unsigned int depth, struct io_pgtable_entry *e);
	int (*cache_invalidate)(struct iommu_domain *domain,
				const void *commands, unsigned int count);
	void (*free)(struct iommu_domain *domain);
};

/**
 * struct iommu_domain - an address space for devices
 * @ops: the IOMMU driver's
 * @pgsize_bitmap: leaf sizes; valid once a device was attached
 * @aperture_start: first address that can be mapped, likewise
 * @aperture_end: last address that can be mapped, likewise
 * @type, @iommu, @parent: the core's; @parent for IOMMU_DOMAIN_NESTED
 * @owner: module of the IOMMU's driver that is held for it, in the name of
 *	   @user; NULL: the core's own, for a device that holds it
 * @users: groups and PASIDs that use it
 * @dma_cookie: the DMA API's, for IOMMU_DOMAIN_DMA
 */
struct iommu_domain {
	enum iommu_domain_type type;
	const struct iommu_domain_ops *ops;
	struct iommu_device *iommu;
	struct iommu_domain *parent;
	struct module *owner;
	struct module *user;
	unsigned int users;
	unsigned long pgsize_bitmap;
	u64 aperture_start;
	u64 aperture_end;
	void *dma_cookie;
	struct list_head node;
};

/**
 * struct iommu_ops - what an IOMMU driver offers
 * @owner: its module; held while a device behind it is bound
 * @of_xlate: add the stream IDs of one entry of a device's "iommus"
 * @legacy_ids: add the stream IDs that "mmu-masters" of the IOMMU has for a
 *		device; NULL: it knows no such list
 * @probe_device: take the device in; its fwspec is complete
 * @release_device: let it go; its streams are refused from now on
 * @device_group: the group that the device must be in, by iommu_group_alloc(),
 *		  generic_device_group() or pci_device_group(), or with a
 *		  reference by iommu_group_ref(); ERR_PTR. NULL: each device has
 *		  a group of its own
 * @def_domain_type: of the domain that the device's group has unless a driver
 *		     says otherwise: IOMMU_DOMAIN_DMA, which NULL means too;
 *		     IOMMU_DOMAIN_IDENTITY or IOMMU_DOMAIN_BLOCKED, which the
 *		     DMA API does not map in
 * @domain_alloc: ERR_PTR(-ENOMEM), or ERR_PTR(-EOPNOTSUPP): no such type
 * @domain_alloc_nested: of type IOMMU_DOMAIN_NESTED upon @parent; @config is
 *			 defined by the driver. NULL: it cannot
 * @remove_dev_pasid: the opposite of set_dev_pasid
 * @set_stall: let faults of a device wait for page_response(), or the device ask
 *	       for pages; or end that; NULL: it cannot
 * @page_response: answer a fault of iommu_report_page_fault(), once; of page
 *		   requests the last of a group, for all of them
 * @drain_page_requests: behind set_stall(): wait until a device has no page
 *			 request under way; may sleep, outside of what the core
 *			 serialises. NULL: there are none
 * @adreno: what the driver of an Adreno GPU asks for beyond that; NULL: nothing
 */
struct iommu_ops {
	struct module *owner;
	int (*of_xlate)(struct device *dev,
			const struct of_phandle_args *args);
	int (*legacy_ids)(struct device *dev);
	int (*probe_device)(struct device *dev);
	void (*release_device)(struct device *dev);
	struct iommu_group *(*device_group)(struct device *dev);
	enum iommu_domain_type (*def_domain_type)(struct device *dev);
	struct iommu_domain *(*domain_alloc)(struct iommu_device *iommu,
					     enum iommu_domain_type type);
	struct iommu_domain *(*domain_alloc_nested)(
		struct iommu_domain *parent, const void *config, size_t size);
	void (*remove_dev_pasid)(struct iommu_domain *domain,
				 struct device *dev, u32 pasid);
	int (*set_stall)(struct device *dev, bool on);
	void (*page_response)(struct device *dev,
			      const struct iommu_fault *fault,
			      enum iommu_page_response response);
	void (*drain_page_requests)(struct device *dev);
	const struct adreno_smmu_ops *adreno;
};

/**
 * struct iommu_device - one IOMMU
 * @dev: its device
 * @ops: its driver
 * @max_pasids: PASIDs below this can be told apart; the driver's, 0: none
 * @domains: all that it allocated
 * @sysfs, @sysfs_devices: iommu_device_sysfs_add()'s
 */
struct iommu_device {
	struct list_head node;
	struct device *dev;
	const struct iommu_ops *ops;
	u32 max_pasids;
	struct list_head domains;
	struct sysfs_node *sysfs;
	struct sysfs_node *sysfs_devices;
};

/**
 * struct iommu_fwspec - how a device is connected to its IOMMU
 * @iommu: the IOMMU
 * @priv: the IOMMU driver's
 * @user: module of the device's driver, in whose name the IOMMU's is held
 * @max_pasids: PASIDs below this may be used, from "pasid-num-bits", or the
 *		IOMMU driver's, of a device that it asks itself
 * @can_stall: it can wait for as long as a fault takes, from "dma-can-stall"
 * @can_request: it can ask for pages; the IOMMU driver's
 * @requests: what it has asked for so far, private to iommu-fault.c
 * @num_ids: number of stream IDs
 * @ids: in the order of the device tree
 */
struct iommu_fwspec {
	struct iommu_device *iommu;
	void *priv;
	struct module *user;
	u32 max_pasids;
	bool can_stall;
	bool can_request;
	struct iommu_requests *requests;
	iommu_fault_handler_t fault_handler;
	void *fault_data;
	iommu_page_fault_handler_t page_fault_handler;
	void *page_fault_data;
	unsigned int num_ids;
	u32 ids[];
};

/* For IOMMU drivers */
int iommu_device_register(struct iommu_device *iommu,
			  const struct iommu_ops *ops, struct device *dev);
void iommu_device_unregister(struct iommu_device *iommu);
int bus_set_iommu(struct bus_type *bus, const struct iommu_ops *ops);
void bus_expect_iommu(struct bus_type *bus, const struct device_node *iommu);
int iommu_device_sysfs_add(struct iommu_device *iommu, struct device *parent,
			   const struct attribute_group *const *groups,
			   const char *fmt, ...) __printf(4, 5);
void iommu_device_sysfs_remove(struct iommu_device *iommu);
struct iommu_group *generic_device_group(struct device *dev);
#ifdef CONFIG_PCI
struct iommu_group *pci_device_group(struct device *dev);
#else
/* Of what there is none, nobody asks. */
static inline struct iommu_group *pci_device_group(struct device *dev)
{
	return generic_device_group(dev);
}
#endif
int iommu_device_link(struct iommu_device *iommu, struct device *dev);
void iommu_device_unlink(struct iommu_device *iommu, struct device *dev);
int iommu_fwspec_add_id(struct device *dev, u32 id);
struct iommu_group *iommu_group_alloc(struct iommu_device *iommu);
struct iommu_group *iommu_group_ref(struct device *dev);
void iommu_report_device_fault(struct device *dev,
			       const struct iommu_fault *fault);
bool iommu_report_page_fault(struct device *dev,
			     const struct iommu_fault *fault);
void iommu_discard_page_requests(struct device *dev);
void iommu_iotlb_gather_add_page(struct iommu_domain *domain,
				 struct iommu_iotlb_gather *gather,
				 unsigned long iova, size_t size);

static inline void iommu_iotlb_gather_init(struct iommu_iotlb_gather *gather)
{
	gather->start = ~0UL;
	gather->end = 0;
	gather->pgsize = 0;
}

static inline bool
iommu_iotlb_gather_empty(const struct iommu_iotlb_gather *gather)
{
	return gather->end < gather->start;
}

/* For drivers of devices behind one */
#ifdef CONFIG_IOMMU_SUPPORT
bool device_iommu_mapped(const struct device *dev);
int iommu_set_fault_handler(struct device *dev,
			    iommu_fault_handler_t handler, void *data);
int iommu_set_page_fault_handler(struct device *dev,
				 iommu_page_fault_handler_t handler,
				 void *data);
struct iommu_domain *iommu_domain_alloc(struct device *dev,
					enum iommu_domain_type type);
struct iommu_domain *iommu_domain_alloc_nested(struct device *dev,
					       struct iommu_domain *parent,
					       const void *config,
					       size_t size);
int iommu_invalidate_nested(struct iommu_domain *domain, const void *commands,
			    unsigned int count);
void iommu_domain_free(struct iommu_domain *domain);
struct iommu_domain *iommu_get_domain(const struct device *dev);
struct iommu_domain *iommu_get_domain_pasid(const struct device *dev,
					    u32 pasid);
int iommu_attach_device(struct iommu_domain *domain, struct device *dev);
int iommu_detach_device(struct iommu_domain *domain, struct device *dev);
int iommu_attach_device_pasid(struct iommu_domain *domain,
			      struct device *dev, u32 pasid);
int iommu_detach_device_pasid(struct iommu_domain *domain,
			      struct device *dev, u32 pasid);

/* Devices that cannot be kept apart. A reference holds the IOMMU's module in
 * the name of the caller's.
 */
struct iommu_group *__iommu_group_get(struct device *dev,
				      struct module *user);
void __iommu_group_put(struct iommu_group *group, struct module *user);
#define iommu_group_get(dev)	__iommu_group_get(dev, THIS_MODULE)
#define iommu_group_put(group)	__iommu_group_put(group, THIS_MODULE)
unsigned int iommu_group_id(const struct iommu_group *group);
int iommu_group_for_each_dev(struct iommu_group *group, void *data,
			     int (*fn)(struct device *dev, void *data));
int iommu_attach_group(struct iommu_domain *domain,
		       struct iommu_group *group);
int iommu_detach_group(struct iommu_domain *domain,
		       struct iommu_group *group);

int iommu_map(struct iommu_domain *domain, unsigned long iova,
	      phys_addr_t paddr, size_t size, int prot);
size_t iommu_unmap(struct iommu_domain *domain, unsigned long iova,
		   size_t size);
int iommu_map_sg(struct iommu_domain *domain, unsigned long iova,
		 const struct scatterlist *sg, unsigned int nents, int prot);
phys_addr_t iommu_iova_to_phys(struct iommu_domain *domain,
			       unsigned long iova);

/* Between the IOMMU core and the DMA API */
struct iommu_domain *iommu_get_dma_domain(const struct device *dev);

/* Connect a device about to be bound; done for every probe by the core. */
int iommu_configure_device(struct device *dev);
void iommu_cleanup_device(struct device *dev);
/* Connect a device that the device tree does not describe. */
int iommu_configure_device_ids(struct device *dev, struct device_node *iommu,
			       const u32 *ids, unsigned int num_ids,
			       struct module *user);
/* A PCI device, by "iommu-map" of its host. */
int iommu_configure_pci_device(struct pci_dev *pdev);

/* The DMA API's, for messages of devices */
int iommu_dma_reserve(struct device *dev, u64 start, u64 last);
int iommu_dma_map_msi(struct device *dev, phys_addr_t doorbell);
int iommu_map_msi(struct iommu_domain *domain, struct device *dev);
#else
/* What drivers that work with and without an IOMMU ask, and the DMA API. */
static inline bool device_iommu_mapped(const struct device *dev)
{
	return false;
}

static inline struct iommu_domain *iommu_get_dma_domain(const struct device *dev)
{
	return NULL;
}

static inline int iommu_map(struct iommu_domain *domain, unsigned long iova,
			    phys_addr_t paddr, size_t size, int prot)
{
	return -ENODEV;
}

static inline size_t iommu_unmap(struct iommu_domain *domain,
				 unsigned long iova, size_t size)
{
	return 0;
}

static inline phys_addr_t iommu_iova_to_phys(struct iommu_domain *domain,
					     unsigned long iova)
{
	return iova;
}

static inline int iommu_configure_device(struct device *dev)
{
	return 0;
}

static inline void iommu_cleanup_device(struct device *dev)
{
}

static inline int iommu_configure_pci_device(struct pci_dev *pdev)
{
	return 0;
}

static inline int iommu_dma_map_msi(struct device *dev, phys_addr_t doorbell)
{
	return 0;
}
#endif

/* The DMA API's, for the IOMMU core */
int iommu_dma_init_domain(struct iommu_domain *domain);
void iommu_dma_free_domain(struct iommu_domain *domain);

#endif
